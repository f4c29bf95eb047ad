"""The figures of several web processes, put together."""

import multiprocessing
import os
from pathlib import Path

import pytest

from inference.figures import Board, Figures, forget

COUNT, GAUGE = ("mlxmanager_requests_total", "/v1/messages"), ("mlxmanager_open_streams",)


def figures(count: float, gauge: float) -> Figures:
    return Figures(os.getpid(), {COUNT: count}, {GAUGE: gauge})


def show_and_end(folder: Path) -> None:
    Board(folder).show(figures(20, 7))


def test_what_two_processes_counted_is_added_up(tmp_path: Path) -> None:
    Board(tmp_path).show(figures(20, 2))
    assert Board(tmp_path).add_up(figures(3, 1)) == {COUNT: 23, GAUGE: 3}


def test_a_process_does_not_count_itself_twice(tmp_path: Path) -> None:
    board = Board(tmp_path)
    board.show(figures(20, 2))
    assert board.add_up(figures(21, 2)) == {COUNT: 21, GAUGE: 2}


def test_of_a_process_that_has_ended_the_counts_stay_and_the_gauges_go(tmp_path: Path) -> None:
    other = multiprocessing.get_context("spawn").Process(target=show_and_end, args=(tmp_path,))
    other.start()
    other.join()
    assert other.exitcode == 0
    assert Board(tmp_path).add_up(figures(3, 1)) == {COUNT: 23, GAUGE: 1}


def test_those_that_come_and_go_leave_one_file_with_all_their_counts(tmp_path: Path) -> None:
    staying = Board(tmp_path)
    staying.show(figures(3, 1))
    for _ in range(3):
        other = multiprocessing.get_context("spawn").Process(target=show_and_end, args=(tmp_path,))
        other.start()
        other.join()
        assert other.exitcode == 0
    assert len(list(tmp_path.glob("*.figures"))) == 2
    assert staying.add_up(figures(3, 1)) == {COUNT: 63, GAUGE: 1}
    successor = Board(tmp_path)
    successor.show(figures(1, 1))
    assert successor.add_up(figures(1, 1)) == staying.add_up(figures(3, 1)) == {COUNT: 64, GAUGE: 2}


def test_a_file_that_cannot_be_read_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "1-broken.figures").write_bytes(b"\xff half a file")
    assert Board(tmp_path).add_up(figures(3, 1)) == {COUNT: 3, GAUGE: 1}


def test_where_nothing_can_be_written_a_process_still_knows_its_own(tmp_path: Path) -> None:
    beside = tmp_path / "a file"
    beside.touch()
    board = Board(beside / "figures")
    board.show(figures(3, 1))
    assert board.add_up(figures(3, 1)) == {COUNT: 3, GAUGE: 1}


def test_a_new_start_begins_at_nothing(tmp_path: Path) -> None:
    Board(tmp_path).show(figures(20, 2))
    forget(tmp_path)
    assert Board(tmp_path).add_up(Figures(os.getpid(), {}, {})) == pytest.approx({})
