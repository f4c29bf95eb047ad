"""Whether this SQLite is safe with several processes on one database.

Up to 3.51.2 a process that resets the write-ahead log while another one writes could, rarely, damage the database. Two
older branches have the repair as well.
"""

REPAIRED = (3, 51, 3)
# By branch, from which release on.
BRANCHES = {(3, 44): 6, (3, 50): 7}


def has_reset_bug(version: tuple[int, int, int]) -> bool:
    major, minor, release = version
    repaired = BRANCHES.get((major, minor))
    return version < REPAIRED and (repaired is None or release < repaired)
