"""A pytest plugin, loaded before Django: gives the run a HOME, keys and settings of its own.

Nothing of the user's is touched: not HOME, not the cache of models, not the settings in the environment.
"""

import atexit
import os
import shutil
import tempfile

KEPT = {"DATABASE_URL", "REDIS_URL", "MLXMANAGER_TEST_DATA"}

for name in list(os.environ):
    if name.startswith(("MLXMANAGER_", "HF_", "DJANGO_")) and name not in KEPT:
        del os.environ[name]

# Short, because the path of a Unix socket below it may have 103 bytes on macOS.
HOME = tempfile.mkdtemp(prefix="mlxm-", dir="/tmp")
atexit.register(shutil.rmtree, HOME, ignore_errors=True)

os.environ |= {
    "MLXMANAGER_HOME": HOME,
    "HF_HOME": f"{HOME}/hf",
    # Nobody listens there: a gateway of the user's own is not asked.
    "MLXMANAGER_PORT": "9",
    "MLXMANAGER_SECRET_KEY": "only-for-tests-" + "x" * 50,
    "MLXMANAGER_FERNET_KEYS": "bmV3LWtleS1mb3ItdGVzdHMtb25seS0zMi1ieXRlcyE=",
    "DJANGO_SETTINGS_MODULE": "mlxmanager.settings",
}
