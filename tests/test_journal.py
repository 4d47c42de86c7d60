from pathlib import Path

from macrohard.journal import Journal, read_journal


def test_events_are_numbered_and_read_back(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    heard = []
    journal = Journal(path, heard.append)
    journal.write("first", name="né\n")
    journal.write("second")
    journal.close()
    events = list(read_journal(path))
    assert [e["type"] for e in events] == ["first", "second"]
    assert [e["seq"] for e in events] == [0, 1]
    assert events[0]["name"] == "né\n"
    assert heard == events


def test_a_line_torn_by_a_kill_is_dropped_and_numbering_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    journal = Journal(path)
    journal.write("whole")
    journal.close()
    with path.open("ab") as file:
        file.write(b'{"v":1,"seq":1,"type":"torn"')
    assert [e["type"] for e in read_journal(path)] == ["whole"]
    journal = Journal(path)
    journal.write("next")
    journal.close()
    assert [(e["seq"], e["type"]) for e in read_journal(path)] == [(0, "whole"), (1, "next")]


def test_an_event_is_on_disk_when_its_listener_hears_of_it(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    on_disk = []
    journal = Journal(path, lambda _event: on_disk.append(len(list(read_journal(path)))))
    journal.write("one")
    journal.write("two")
    journal.close()
    assert on_disk == [1, 2]
