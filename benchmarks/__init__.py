"""What the product measures itself by, on this machine and next to others."""
