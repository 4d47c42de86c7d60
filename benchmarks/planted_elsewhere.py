"""Defects planted by another hand than that which wrote the checks, before it had read them.

Ten kinds of the list that :mod:`benchmarks.planted` has, in other places and ways; ten more for users
of pages; ten for users of a terminal. How each came about stands above it. Whoever plants another
one must not know the checks.
"""

from pathlib import Path

from benchmarks.planted import SERVE, Base, Defect

HERE = Path(__file__).parent / "elsewhere"
BASES = {
    base.name: base
    for base in (
        *(
            Base(n, str(HERE / f"{n}.md"), serve=SERVE)
            for n in ("clinic", "allotment", "choir", "bakery")
        ),
        *(Base(n, str(HERE / f"{n}.md"), run="python -m {package}") for n in ("seedbank", "darts")),
        Base("hut", serve="python hut.py --port {port}"),
        Base("jog", run="python jog.py"),
    )
}


PAGES = (
    # Save on a visit that is settled says Changed and changes nothing: settled ones were to be closed.
    Defect(
        "button that does nothing",
        "clinic",
        "*/records/visit.py",
        "'\"id\" = ?'\n    )",
        '\'"id" = ? AND "settled" IS NOT 1\'\n    )',
        frozenset({"kept", "buttons"}),
    ),
    # labels of fields whose names have several words name an id that the field has not.
    Defect(
        "label tied to nothing",
        "allotment",
        "*/web/forms.py",
        'label = tag("label", capital(field.heading), for_=slug)',
        'label = tag("label", capital(field.heading), for_=field.heading.replace(" ", "-"))',
        frozenset({"accessibility"}),
    ),
    # a note that is changed is changed in memory alone; the next change of anything writes it.
    Defect(
        "data lost on restart",
        "hut",
        "hut.py",
        '        self.book["notes"][number] = note\n        save(self.book)\n\n    def found',
        '        self.book["notes"][number] = note\n\n    def found',
        frozenset({"restart"}),
    ),
    # tokens are given out and taken back; the second time of a form to change a note finds none.
    Defect(
        "crash on a double submit",
        "hut",
        "hut.py",
        '        token = form.get("token", "")\n        if token in',
        '        token = form.get("token", "")\n        if "text" in form:\n            ISSUED.remove(token)\n            return act()\n        if token in',
        frozenset({"crash", "error"}),
        more=(
            (
                "hut.py",
                "{secrets.token_hex(8)}",
                "{issued()}",
            ),
            (
                "hut.py",
                "class Refused(",
                'ISSUED = []\n\n\ndef issued():\n    """A token for a form."""\n    ISSUED.append(secrets.token_hex(8))\n    return ISSUED[-1]\n\n\nclass Refused(',
            ),
        ),
    ),
    # what was spent on an animal is worked out again when visits come or go, not when a fee changes.
    Defect(
        "wrong total after an edit",
        "clinic",
        "*/figures.py",
        'def animal_spent(connection: Connection, animal: animal_records.Animal) -> Decimal:\n    """Work out ``spent = total of fee of visits``."""\n',
        'KNOWN: dict[tuple[object, ...], Decimal] = {}\n"""Sums that were worked out, by file, animal, and how many visits there were."""\n\n\ndef animal_spent(connection: Connection, animal: animal_records.Animal) -> Decimal:\n    """Work out ``spent``, once for as long as no visit comes or goes."""\n    file = connection.execute("PRAGMA database_list").fetchone()[2]\n    counted = \'SELECT count(*), max("id") FROM "visit" WHERE "animal" = ?\'\n    key = (file, animal.id, *connection.execute(counted, (animal.id,)).fetchone())\n    if key not in KNOWN:\n        KNOWN[key] = add_up(connection, animal)\n    return KNOWN[key]\n\n\ndef add_up(connection: Connection, animal: animal_records.Animal) -> Decimal:\n    """Work out ``spent = total of fee of visits``."""\n',
        frozenset({"totals"}),
    ),
    # the link to a record that is referred to is put together by hand; its name stays as it is.
    Defect(
        "unescaped name",
        "choir",
        "*/web/layout.py",
        'return link(text, f"/{path}/{value.id}")',
        "return Html(f'<a href=\"/{path}/{value.id}\">{text}</a>')",
        frozenset({"markup"}),
    ),
    # the form of a new guest keeps people on it with a script that was found somewhere.
    Defect(
        "broken back button",
        "hut",
        "hut.py",
        'guest_form("/guests/new", "Enter", {}))',
        'guest_form("/guests/new", "Enter", {}), STAY)',
        frozenset({"back"}),
        more=(
            (
                "hut.py",
                "class Refused(",
                'STAY = """<script>\nhistory.pushState(null, "", location.href);\naddEventListener("popstate", () => history.pushState(null, "", location.href));\n</script>"""\n\n\nclass Refused(',
            ),
        ),
    ),
    # Tab indents in the text of a note, where a note is changed.
    Defect(
        "focus trap",
        "hut",
        "hut.py",
        'note_form(f"/notes/{number}/edit", "Save", note))',
        'note_form(f"/notes/{number}/edit", "Save", note), INDENT)',
        frozenset({"keyboard"}),
        more=(
            (
                "hut.py",
                "class Refused(",
                'INDENT = """<script>\ndocument.getElementById("text").addEventListener("keydown", event => {\n  if (event.key !== "Tab") return;\n  event.preventDefault();\n  event.target.setRangeText("    ", event.target.selectionStart, event.target.selectionEnd, "end");\n});\n</script>"""\n\n\nclass Refused(',
            ),
        ),
    ),
    # on the page of one record a long name without a space does not break.
    Defect(
        "layout broken at 360 px",
        "allotment",
        "*/web/style.py",
        "dd { margin: 0; overflow-wrap: anywhere; }",
        "dd { margin: 0; }",
        frozenset({"layout"}),
        more=(
            (
                "*/web/style.py",
                "h1 { font-size: 1.6rem; line-height: 1.25; margin: .5rem 0 1rem; overflow-wrap: anywhere; }",
                "h1 { font-size: 1.6rem; line-height: 1.25; margin: .5rem 0 1rem; }",
            ),
        ),
    ),
    # figures for each customer ask a service for rates, and wait for it five times.
    Defect(
        "a page that needs 20 s",
        "bakery",
        "*/web/figures.py",
        "    group = summary.groups[",
        "    rates()\n    group = summary.groups[",
        frozenset({"hang", "slow"}),
        more=(
            (
                "*/web/figures.py",
                "def work_out(",
                'def rates() -> bytes:\n    """Ask for today\'s rates; without them all is in our own money."""\n    for _ in range(5):\n        try:\n            with urllib.request.urlopen("http://rates.invalid/today", timeout=4) as answer:\n                return answer.read()\n        except OSError:\n            time.sleep(4)\n    return b""\n\n\ndef work_out(',
            ),
            (
                "*/web/figures.py",
                "from sqlite3 import Connection\n",
                "import time\nimport urllib.request\nfrom sqlite3 import Connection\n",
            ),
        ),
    ),
    # pages are counted by a division that rounds down.
    Defect(
        "the last page drops its rows",
        "hut",
        "hut.py",
        "pages = max(1, -(-len(found) // ROWS))",
        "pages = max(1, len(found) // ROWS)",
        frozenset({"kept"}),
        listed=False,
    ),
    # the form to change a guest shows the arrival as UTC, an hour before midnight here.
    Defect(
        "a date off by one after each save",
        "hut",
        "hut.py",
        '    guest = hut.book["guests"][number]\n    return page("Change a guest"',
        '    guest = dict(hut.book["guests"][number])\n    here = datetime.timezone(datetime.timedelta(hours=1))\n    midnight = datetime.datetime.fromisoformat(guest["arrival"]).replace(tzinfo=here)\n    guest["arrival"] = midnight.astimezone(datetime.UTC).date().isoformat()\n    return page("Change a guest"',
        frozenset({"kept"}),
        listed=False,
    ),
    # names are searched as they are written.
    Defect(
        "search minds capitals",
        "hut",
        "hut.py",
        'if words.casefold() in guest["name"].casefold()',
        'if words in guest["name"]',
        frozenset({"search"}),
        listed=False,
    ),
    # a guest is deleted by place: the right one until another was deleted before.
    Defect(
        "delete removes the wrong record",
        "hut",
        "hut.py",
        "        del self.book[kind][number]\n",
        "        del self.book[kind][list(self.book[kind])[min(int(number), len(self.book[kind])) - 1]]\n",
        frozenset({"kept"}),
        listed=False,
    ),
    # how many there are is counted once for each kind while the server runs.
    Defect(
        "stale figures on the start page",
        "bakery",
        "*/web/pages.py",
        "{console.count_of(len(each.every(connection)), each.singular, each.plural)}",
        "{console.count_of(counted(visit, connection, each), each.singular, each.plural)}",
        frozenset({"totals"}),
        more=(
            (
                "*/web/pages.py",
                "def home(visit: Visit)",
                'COUNTS: dict[tuple[str, str], int] = {}\n"""How many there are, by file and kind."""\n\n\ndef counted(visit: Visit, connection: Connection, kind: Resource) -> int:\n    """Count records, once they are there."""\n    key = (visit.path, kind.path)\n    if not COUNTS.get(key):\n        COUNTS[key] = len(kind.every(connection))\n    return COUNTS[key]\n\n\ndef home(visit: Visit)',
            ),
        ),
        listed=False,
    ),
    # names are sorted by their bytes in Latin-1.
    Defect(
        "500 on letters of other scripts",
        "choir",
        "*/reports/singer.py",
        "lambda singer: aggregates.text_key(singer.name)",
        'lambda singer: singer.name.casefold().encode("iso-8859-1")',
        frozenset({"crash", "error"}),
        listed=False,
    ),
    # errors stand beside their fields; what concerns no single field is not told.
    Defect(
        "error message missing",
        "choir",
        "*/web/changes.py",
        "    return page(visit, title, forms.summary(wrong), form, status=status)\n\n\ndef add",
        "    return page(visit, title, form, status=status)\n\n\ndef add",
        frozenset({"refusals"}),
        listed=False,
    ),
    # the area of a plot is checked where one is added, not where it is changed.
    Defect(
        "refused when new, taken when changed",
        "allotment",
        "*/records/plot.py",
        'area=parse_area(texts["area"]) if "area" in texts',
        'area=values.parse_decimal("area", texts["area"], places=2) if "area" in texts',
        frozenset({"kept"}),
        listed=False,
    ),
    # the CSV file is joined with commas.
    Defect(
        "export loses quotes and commas",
        "allotment",
        "*/csv_files.py",
        '    text = io.StringIO(newline="")\n    writer = csv.writer(text, lineterminator="\\n")\n    writer.writerow(header)\n    writer.writerows(rows)\n    return text.getvalue()',
        '    return "".join(",".join(row) + "\\n" for row in (header, *rows))',
        frozenset({"files"}),
        listed=False,
    ),
    # the server remembers which guest is being changed, one for all tabs.
    Defect(
        "two tabs: the second record is overwritten",
        "hut",
        "hut.py",
        'def edit_guest_page(hut, number):\n    """The form to change a guest."""\n',
        'def edit_guest_page(hut, number):\n    """The form to change a guest."""\n    hut.current = number\n',
        frozenset({"tabs"}),
        more=(
            (
                "hut.py",
                'hut.change_guest(number, read_guest(sent), sent.get("version"))\n            return f"/guests/{number}"',
                "return f\"/guests/{hut.change_current(number, read_guest(sent), sent.get('version'))}\"",
            ),
            (
                "hut.py",
                "    def pay(self, number):",
                '    def change_current(self, number, guest, version):\n        """Change the guest whose form was opened."""\n        number = self.current or number\n        self.change_guest(number, guest, version)\n        return number\n\n    def pay(self, number):',
            ),
            (
                "hut.py",
                "        self.used = {}\n",
                "        self.used = {}\n        self.current = None\n",
            ),
        ),
        listed=False,
    ),
)
"""For users of pages."""

COMMANDS = (
    # after a change of one run, runs that have no route are not written back.
    Defect(
        "data lost",
        "jog",
        "jog.py",
        "    save(log)\n    return f\"Run {run['id']} is changed.\"",
        '    log["runs"] = [each for each in log["runs"] if each["route"] or each is run]\n    save(log)\n    return f"Run {run[\'id\']} is changed."',
        frozenset({"kept"}),
    ),
    # a time is taken apart without a look at it, where a run is changed.
    Defect(
        "crash on a strange value",
        "jog",
        "jog.py",
        'run["seconds"] = duration(options.time)\n    if',
        'minutes, seconds = map(int, options.time.split(":"))\n        run["seconds"] = minutes * 60 + seconds\n    if',
        frozenset({"crash"}),
    ),
    # a filter that is no yes and no no finds nothing, and says so.
    Defect(
        "wrong input that ends with 0",
        "darts",
        "*/reports/fine.py",
        'values.parse_yes_no("paid", filters["paid"])',
        'values.YES_NO.get(filters["paid"].strip().casefold(), ...)',
        frozenset({"wrong input"}),
    ),
    # the kilometres are added up as runs are entered and taken out, not where one is changed.
    Defect(
        "wrong total after an edit",
        "jog",
        "jog.py",
        '    log["runs"].append(run)\n',
        '    log["runs"].append(run)\n    log["metres"] = log.get("metres", 0) + run["metres"]\n',
        frozenset({"totals"}),
        more=(
            (
                "jog.py",
                '    log["runs"].remove(find(log, options.number))\n',
                '    run = find(log, options.number)\n    log["runs"].remove(run)\n    log["metres"] -= run["metres"]\n',
            ),
            (
                "jog.py",
                '    metres = sum(run["metres"] for run in runs)\n',
                '    metres = sum(run["metres"] for run in runs)\n    if not options.route:\n        metres = load().get("metres", 0)\n',
            ),
        ),
    ),
    # the reason of a fine is taken as it is typed, in a change.
    Defect(
        "escape codes that reach the screen",
        "darts",
        "*/records/fine.py",
        'why=parse_why(texts["why"]) if "why" in texts else fine.why',
        'why=texts["why"].strip() if texts.get("why") else fine.why',
        frozenset({"markup"}),
    ),
    # fines are added up whoever they are asked for.
    Defect(
        "a total that ignores its filter",
        "darts",
        "*/commands/fine.py",
        '        "total",\n        fine_reports.TOTALS,\n        options,\n        lambda connection: fine_reports.select(\n            connection,\n            database.with_ids(connection, console.given_fields(options), fine_records.NAMED),\n        ),\n',
        '        "total",\n        fine_reports.TOTALS,\n        options,\n        fine_records.find_all,\n',
        frozenset({"totals"}),
        listed=False,
    ),
    # the CSV file is joined with commas.
    Defect(
        "export loses quotes and commas",
        "jog",
        "jog.py",
        "            writer = csv.writer(file)\n",
        "            writer = Joined(file)\n",
        frozenset({"files"}),
        more=(
            (
                "jog.py",
                "class Wrong(",
                'class Joined:\n    """Writes rows."""\n\n    def __init__(self, file):\n        self.file = file\n\n    def writerow(self, cells):\n        """Write a row."""\n        self.file.write(",".join(map(str, cells)) + "\\n")\n\n\nclass Wrong(',
            ),
        ),
        listed=False,
    ),
    # a run is taken out by its place, not by its number.
    Defect(
        "delete removes the wrong record",
        "jog",
        "jog.py",
        '    log["runs"].remove(find(log, options.number))\n',
        '    find(log, options.number)\n    del log["runs"][min(options.number, len(log["runs"])) - 1]\n',
        frozenset({"kept"}),
        listed=False,
    ),
    # a file is split into lines, and what stands after the last line break is left out.
    Defect(
        "import drops the last row",
        "seedbank",
        "*/csv_files.py",
        "    reader = csv.reader(io",
        '    text = text[: text.rfind("\\n") + 1]\n    reader = csv.reader(io',
        frozenset({"files"}),
        listed=False,
    ),
    # the export is written in Latin-1.
    Defect(
        "crash on letters of other scripts",
        "jog",
        "jog.py",
        'open(options.file, "w", encoding="utf-8", newline="")',
        'open(options.file, "w", encoding="iso-8859-1", newline="")',
        frozenset({"crash"}),
        listed=False,
    ),
)
"""For users of a terminal."""
