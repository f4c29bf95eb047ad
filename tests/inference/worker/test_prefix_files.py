"""Prefixes on disk: written beside the answers, found by another process, and nothing but what was written."""

import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from inference.installed import DEMO_FOLDER, Installed
from inference.worker import prefix_files
from inference.worker.prefix_files import PrefixFiles
from tests.engines import DEMO, KINDS, PLENTY, bench, make_model
from tests.inference.worker.test_reuse import tokens

LONG = tokens(700, 5)


def saved(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.safetensors"))


def write_one(folder: Path, model: Installed = DEMO, *, tenant: str = "one") -> Path:
    """The file of the long prompt, as a worker leaves it."""
    before = set(saved(folder))
    with bench(model, files=PrefixFiles(folder, PLENTY)) as roomy:
        roomy.write(LONG, tenant=tenant)
        roomy.save()
    (path,) = set(saved(folder)) - before
    return path


def recalled(folder: Path, model: Installed = DEMO, *, tenant: str = "one") -> int:
    with bench(model, files=PrefixFiles(folder, PLENTY)) as roomy:
        return roomy.write(LONG, tenant=tenant)[1][0]


@pytest.mark.parametrize("kind", ["demo", *KINDS])
def test_what_was_read_is_there_after_a_restart(kind: str, tmp_path: Path) -> None:
    model = DEMO if kind == "demo" else make_model(kind, tmp_path / kind)
    folder = tmp_path / "prefixes"
    write_one(folder, model)
    with bench(model, files=PrefixFiles(folder, PLENTY)) as roomy:
        plain = roomy.write(LONG, tenant=None)[0]
        assert roomy.write(LONG) == (plain, [699])
        assert roomy.write(LONG[:650] + tokens(40, 6)) == (
            roomy.write(LONG[:650] + tokens(40, 6), tenant=None)[0],
            [0 if roomy.engine.needs_borders else 650],
        )


def test_the_files_are_their_owners_alone(tmp_path: Path) -> None:
    path = write_one(tmp_path / "prefixes")
    assert [oct(each.stat().st_mode & 0o777) for each in (path, path.parent, path.parent.parent)] == [
        "0o600",
        "0o700",
        "0o700",
    ]
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_another_tenant_finds_nothing(tmp_path: Path) -> None:
    write_one(tmp_path)
    assert recalled(tmp_path, tenant="two") == 0
    assert recalled(tmp_path, tenant="one") == 699


def test_a_short_prefix_is_not_written(tmp_path: Path) -> None:
    with bench(files=PrefixFiles(tmp_path, PLENTY)) as roomy:
        roomy.write(LONG[:500])
        assert roomy.waiting.empty()
    assert saved(tmp_path) == []


def test_a_conversation_is_written_again_once_it_has_grown(tmp_path: Path) -> None:
    with bench(files=PrefixFiles(tmp_path, PLENTY)) as roomy:
        roomy.write(LONG)
        roomy.save()
        roomy.write(LONG + tokens(200, 6))
        assert roomy.waiting.empty()
        roomy.write(LONG + tokens(500, 6))
        roomy.save()
    # The longer one serves the shorter one's prompts as well.
    assert len(saved(tmp_path)) == 1
    with bench(files=PrefixFiles(tmp_path, PLENTY)) as roomy:
        assert roomy.write(LONG + tokens(500, 6))[1] == [1199]


def other_weights(path: Path, model: Installed) -> None:
    os.utime(model.folder / "model.safetensors", ns=(1, 1))


def cut_off(path: Path, _: Installed) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def foreign(path: Path, model: Installed) -> None:
    shutil.copy(model.folder / "model.safetensors", path)


def emptied(path: Path, _: Installed) -> None:
    path.write_bytes(b"")


def garbage(path: Path, _: Installed) -> None:
    path.write_bytes(b"\xff" * 5000)


def half_written(path: Path, _: Installed) -> None:
    path.rename(path.with_suffix(".partial"))


def other_length(path: Path, _: Installed) -> None:
    """The tokens that it names are not as many as it holds; nothing else is wrong."""
    label = prefix_files.read_label(path)
    assert label is not None
    path.write_bytes(path.read_bytes().replace(label.tokens.encode(), label.tokens[:-8].encode() + b"        "))


@pytest.mark.parametrize(
    "spoil", [other_weights, cut_off, foreign, emptied, garbage, half_written, other_length], ids=lambda f: f.__name__
)
def test_what_is_broken_or_foreign_is_not_used_and_goes(
    spoil: Callable[[Path, Installed], None], tmp_path: Path
) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(DEMO_FOLDER, folder)
    model = Installed("test/copy", folder, "models", 0)
    path = write_one(tmp_path / "prefixes", model)
    spoil(path, model)
    with bench(model, files=PrefixFiles(tmp_path / "prefixes", PLENTY)) as roomy:
        plain = roomy.write(LONG, tenant=None)[0]
        assert roomy.write(LONG) == (plain, [0])
        roomy.save()
    # What is there now is new, and alone.
    assert len(list((tmp_path / "prefixes").rglob("*.*"))) == 1
    assert recalled(tmp_path / "prefixes", model) == 699


def test_a_file_that_has_gone_is_a_miss(tmp_path: Path) -> None:
    path = write_one(tmp_path)
    with bench(files=PrefixFiles(tmp_path, PLENTY)) as roomy:
        path.unlink()
        assert roomy.write(LONG)[1] == [0]


def test_files_that_were_of_use_least_recently_make_room(tmp_path: Path) -> None:
    prompts = [tokens(700, seed) for seed in range(4)]
    size = write_one(tmp_path / "other").stat().st_size
    with bench(files=PrefixFiles(tmp_path / "prefixes", 3 * size)) as roomy:
        for prompt in prompts[:3]:
            roomy.write(prompt)
            roomy.save()
    oldest, *_ = sorted(saved(tmp_path / "prefixes"), key=lambda path: path.stat().st_mtime_ns)
    with bench(files=PrefixFiles(tmp_path / "prefixes", 3 * size)) as roomy:
        assert roomy.write(prompts[0])[1] == [699]
        before = set(saved(tmp_path / "prefixes"))
        roomy.write(prompts[3])
        roomy.work_until(lambda: bool(set(saved(tmp_path / "prefixes")) - before))
        assert oldest.exists()
    with bench(files=PrefixFiles(tmp_path / "prefixes", 3 * size)) as roomy:
        # The one that has gone comes last: it will be written again.
        assert [roomy.write(prompts[i])[1][0] for i in (0, 2, 3, 1)] == [699, 699, 699, 0]


def test_what_is_larger_than_all_the_room_is_not_written(tmp_path: Path) -> None:
    with bench(files=PrefixFiles(tmp_path, 1000)) as roomy:
        roomy.write(LONG)
        roomy.waiting.get(timeout=10)()
        assert roomy.waiting.empty()
    assert saved(tmp_path) == []


def test_a_full_disk_ends_the_writing_with_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with bench(files=PrefixFiles(tmp_path, PLENTY)) as roomy:
        plain = roomy.write(LONG, tenant=None)[0]
        roomy.write(LONG)
        roomy.work_until(lambda: bool(caplog.messages))
        assert roomy.write(LONG) == (plain, [699])
        roomy.write(tokens(700, 6))
    assert list(tmp_path.rglob("*.*")) == []
    assert len(caplog.messages) == 1
    assert "No space left on device" in caplog.messages[0]


def test_a_folder_that_cannot_be_made_is_told_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").write_text("in the way")
    with bench(files=PrefixFiles(tmp_path / "file" / "prefixes", PLENTY)) as roomy:
        assert [roomy.write(LONG)[1] for _ in range(2)] == [[0], [699]]
    assert len(caplog.messages) == 1


def test_memory_that_is_needed_is_given_back_and_the_disk_still_has_it(tmp_path: Path) -> None:
    with bench(files=PrefixFiles(tmp_path, PLENTY)) as roomy:
        roomy.write(LONG)
        roomy.save()
        held = roomy.prefixes.figures().memory
        assert roomy.prefixes.shrink(1) == held
        assert (roomy.prefixes.figures().memory, roomy.prefixes.shrink(1)) == (0, 0)
        assert roomy.write(LONG)[1] == [699]
