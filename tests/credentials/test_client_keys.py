"""The form of a client key."""

import hashlib
import re

from credentials import client_keys


def test_a_new_key_has_the_form_it_promises() -> None:
    key = client_keys.make()
    assert re.fullmatch(r"mlxm_[0-9A-Za-z]{38}", key)
    assert client_keys.is_well_formed(key)
    assert client_keys.make() != key


def test_a_mistyped_key_is_told_by_its_checksum() -> None:
    key = client_keys.make()
    other = "a" if key[10] != "a" else "b"
    assert not client_keys.is_well_formed(key[:10] + other + key[11:])
    assert not client_keys.is_well_formed(key[:-1])
    assert not client_keys.is_well_formed("mlxm_")


def test_a_key_of_an_owner_needs_its_length_only() -> None:
    assert client_keys.is_well_formed("x" * 20)
    assert not client_keys.is_well_formed("x" * 19)


def test_the_digest_is_sha_256() -> None:
    assert client_keys.digest("x" * 20) == hashlib.sha256(b"x" * 20).digest()


def test_a_key_that_is_no_text_has_a_digest_too() -> None:
    assert len(client_keys.digest("\udcff" * 20)) == 32


def test_little_of_a_key_is_shown() -> None:
    key = client_keys.make()
    assert client_keys.prefix(key) == key[:9]
    assert client_keys.prefix("0123456789" * 3) == "0123"
