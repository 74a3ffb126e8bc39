"""The command line: exit codes, streams, messages, and what a terminal is shown."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from itertools import cycle
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from cleaner.audit import read_entries
from cleaner.cli import main
from cleaner.errors import SeedError
from cleaner.policy import DEFAULT
from cleaner.records import ACTIONS
from cleaner.seeds import read_seeds

REPOSITORY = Path(__file__).parent.parent
CODES = {0, 1, 2, 3, 4, 65, 73, 74, 75, 78}
STORY = """Accueil

Se connecter

Le marché couvert rouvre ses portes

Par Lise Morel, le 3 mai 2021 à 18h12

Après onze mois de travaux, le marché couvert de Vernoux a rouvert samedi matin devant plusieurs centaines d'habitants.

Le maire a rappelé que le chantier avait coûté deux millions d'euros, dont la moitié a été payée par la région.

Les commerçants du marché avaient accepté de s'installer sous une tente pendant tout l'hiver, malgré le froid et le vent.

« Les clients ne nous ont jamais abandonnés », raconte une fromagère installée depuis vingt ans dans l'allée centrale.

Lire aussi : Les halles de Privas bientôt rénovées

Partager cet article

© 2021 Le Courrier. Tous droits réservés.
"""
TITLE, _, *BODY = STORY.split("\n\n")[2:8]
PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
NOISE = "Se connecter\n\nPartager cet article\n\nMentions légales\n"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with a good article, a picture and noise."""
    monkeypatch.chdir(tmp_path)
    Path("good.txt").write_text(STORY, encoding="utf-8")
    Path("picture.txt").write_bytes(PICTURE)
    Path("noise.txt").write_text(NOISE, encoding="utf-8")
    Path("empty.txt").touch()
    return tmp_path


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clean output folder of the good article, made once: tests take copies."""
    folder = tmp_path_factory.mktemp("prepared")
    (folder / "good.txt").write_text(STORY, encoding="utf-8")
    assert run("clean", folder / "good.txt", "-o", folder / "out").exit_code == 0
    return folder / "out"


@pytest.fixture
def out(place: Path, prepared: Path) -> Path:
    """A clean output folder of the good article."""
    return Path(shutil.copytree(prepared, place / "out"))


def run(*args: str | Path, stdin: str | bytes | None = None) -> Result:
    """A command in this process; an exception that is no exit is a failure of its own."""
    result = CliRunner().invoke(main, [str(arg) for arg in args], input=stdin)
    if result.exception and not isinstance(result.exception, SystemExit):
        pytest.fail(f"cleaner {' '.join(map(str, args))} ended with {type(result.exception).__name__}: {result.exception}")
    return result


def command(*args: str | Path, stdin: str = "", stdout: int = subprocess.PIPE, **env: str) -> subprocess.CompletedProcess[str]:
    """A command in a process of its own, with pipes for its streams."""
    return subprocess.run(
        [sys.executable, "-m", "cleaner", *map(str, args)],
        input=stdin, stdout=stdout, stderr=subprocess.PIPE, text=True, encoding="utf-8", check=False,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY), "PYTHONUTF8": "1", **env},
    )  # fmt: skip


def test_every_help_shows_an_example() -> None:
    """Whoever asks a command for help sees a call that can be copied, and what each option is."""
    shown = {"": run("--help"), **{name: run(name, "--help") for name in main.commands}}
    without = [name for name, result in shown.items() if f"  cleaner {name}".rstrip() not in result.stdout]
    assert {result.exit_code for result in shown.values()} == {0}
    assert without == []


def test_every_option_explains_itself() -> None:
    """No option is listed without a word on what it does."""
    bare = [
        f"{name} {option.opts[0]}"
        for name, known in main.commands.items()
        for option in known.params
        if isinstance(option, click.Option) and not option.help
    ]
    assert bare == []


def test_help_names_every_exit_status() -> None:
    """The statuses that a script can meet stand in the help."""
    listed = {int(line.split()[0]) for line in run("--help").stdout.splitlines() if line.strip()[:1].isdigit()}
    assert listed == CODES


@pytest.mark.parametrize(
    ("call", "code", "named"),
    [
        (["clean", "good.txt"], 0, ""),
        (["clean", "good.txt", "-o", "new"], 0, ""),
        (["clean", "nowhere.txt", "-o", "new"], 2, "nowhere.txt"),
        (["clean", "nowhere.txt"], 2, "nowhere.txt"),
        (["clean", "good.txt", "noise.txt"], 2, "-o"),
        (["clean", "."], 2, "-o"),
        (["clean", ".", "-o", "."], 2, "."),
        (["clean", "good.txt", "--style", "loud"], 2, "loud"),
        (["clean", "good.txt", "-o", "new", "-w", "0"], 2, "0"),
        (["clean"], 2, "INPUTS"),
        (["explain", "out", "no-such.txt"], 2, "no-such.txt"),
        (["restore", "out", "no-such.txt"], 2, "no-such.txt"),
        (["restore", "out"], 2, "--to"),
        (["restore", "out", "-p", "1"], 2, "-p"),
        (["restore", "out", "good.txt", "-p", "999"], 2, "999"),
        (["clean", "good.txt", "empty.txt", "-o", "new"], 3, "empty.txt"),
        (["clean", "noise.txt"], 3, "noise.txt"),
        (["clean", "empty.txt"], 3, "empty.txt"),
        (["classify", "good.txt", "picture.txt"], 3, "picture.txt"),
        (["clean", "picture.txt"], 65, "picture.txt"),
        (["clean", "good.txt", "-o", "theirs"], 73, "theirs"),
        (["clean", "good.txt", "-o", "good.txt/out"], 73, "good.txt/out"),
        (["clean", "good.txt", "-o", "noise.txt"], 73, "noise.txt"),
        (["explain", "nowhere"], 73, "nowhere"),
        (["verify", "nowhere"], 73, "nowhere"),
        (["decide", "nowhere"], 73, "nowhere"),
        (["restore", "nowhere", "good.txt"], 73, "nowhere"),
        (["decide", "out", "--into", "theirs"], 73, "theirs"),
        (["clean", "good.txt", "-P", "bad.toml"], 78, "bad.toml"),
        (["clean", "good.txt", "-P", "nowhere.toml"], 78, "nowhere.toml"),
        (["decide", "out", "-P", "bad.toml"], 78, "bad.toml"),
        (["clean", "good.txt", "-m", "nowhere.model"], 78, "nowhere.model"),
        (["classify", "good.txt", "-m", "bad.toml"], 78, "bad.toml"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_exit_status_and_message(out: Path, call: list[str], code: int, named: str) -> None:
    """Each way to fail has its status, and a message on stderr alone that names the path or option at fault."""
    Path("theirs").mkdir()
    Path("theirs/good.txt").write_text("mine\n", encoding="utf-8")
    Path("bad.toml").write_text('version = 1\n[labels.spamm]\naction = "remove"\n', encoding="utf-8")
    result = run(*call)
    assert result.exit_code == code, result.stderr
    assert named in result.stderr
    assert Path("theirs/good.txt").read_text(encoding="utf-8") == "mine\n"
    if code not in (0, 3):
        assert result.stdout == ""
        assert result.stderr


@pytest.mark.parametrize("name", ["labels.jsonl", "labels.csv"])
@pytest.mark.parametrize("raw", [PICTURE, b"[" * 100_000, b"7\n", b'"x"\n', b'text,label\n"x\n'])
def test_labels_that_are_none_are_refused(tmp_path: Path, name: str, raw: bytes) -> None:
    """`train` ends with 65 and the path for a file that holds no labelled articles: its reader raises just that."""
    (tmp_path / name).write_bytes(raw)  # the reader alone: the command imports scikit-learn first, which takes seconds
    with pytest.raises(SeedError, match=name) as refused:
        list(read_seeds(tmp_path / name))
    assert refused.value.exit_code == 65


def test_verify_ends_with_1_on_a_difference(out: Path) -> None:
    """A sound folder ends with 0, a changed file with 1 and its name."""
    assert run("verify", out).exit_code == 0
    (out / "good.txt").write_text("changed\n", encoding="utf-8")
    result = run("verify", out)
    assert (result.exit_code, result.stdout.split(":")[0]) == (1, "good.txt")


def test_pipe_holds_the_clean_text_alone(place: Path) -> None:
    """Standard input to standard output: only the clean text on stdout, nothing on stderr."""
    result = command("clean", "-", stdin=STORY)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.startswith(f"{TITLE}\n\n")
    assert result.stdout.endswith(f"{BODY[-1]}\n")
    assert "Se connecter" not in result.stdout
    assert result.stdout == run("clean", "good.txt").stdout == run("clean", "-", stdin=STORY).stdout


@pytest.mark.parametrize("kind", ["txt", "md", "jsonl"])
def test_stdout_has_the_bytes_of_the_file(place: Path, kind: str) -> None:
    """What goes to stdout is what -o writes, in each format."""
    assert run("clean", "good.txt", "-o", "new", "-f", kind).exit_code == 0
    [file] = [path for path in Path("new").iterdir() if path.name not in ("audit.jsonl", ".cleaner")]
    assert run("clean", "good.txt", "-f", kind).stdout_bytes == file.read_bytes()


def test_no_bar_where_no_person_looks(place: Path) -> None:
    """With stderr in a pipe there is no bar and no control character, and --quiet leaves it empty."""
    loud = command("clean", "good.txt", "-o", "loud")
    assert (loud.returncode, loud.stdout) == (0, "")
    assert "1 sources: 1 cleaned" in loud.stderr
    assert not set("\r\x1b") & set(loud.stderr)
    assert "Cleaning" not in loud.stderr
    quiet = command("clean", "good.txt", "-o", "quiet", "-q")
    assert (quiet.returncode, quiet.stdout, quiet.stderr) == (0, "", "")


def test_a_page_says_nothing_on_stderr(place: Path) -> None:
    """What a page has in its markup, here a time zone that the date parser does not know, brings no warning of a library into the output."""
    head = '<meta name="publish-date" content="2012-01-11 05:00:00 EST"/>'
    body = "<p>The bridge over the river opens again on Monday, said the mayor, after twelve months of works.</p>" * 3
    Path("page.html").write_text(f"<!DOCTYPE html><html><head>{head}</head><body><article>{body}</article></body></html>")
    done = command("clean", "page.html", "-o", "new", "-f", "md", "-q")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert "2012-01-11" in Path("new/page.md").read_text()


@pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals of POSIX")
def test_bar_where_a_person_looks(place: Path) -> None:
    """On a terminal a bar counts the files, and stdout stays empty."""
    import pty

    reading, terminal = pty.openpty()
    env = {**os.environ, "PYTHONPATH": str(REPOSITORY), "TERM": "xterm"}
    call = [sys.executable, "-m", "cleaner", "clean", "good.txt", "-o", "new"]
    done = subprocess.run(call, stdout=subprocess.PIPE, stderr=terminal, env=env, check=False)
    shown = os.read(reading, 65_536)
    os.close(reading)
    os.close(terminal)
    assert (done.returncode, done.stdout) == (0, b"")
    assert b"Cleaning" in shown
    assert b"1/1" in shown


def test_quiet_still_names_what_was_set_aside(place: Path) -> None:
    """--quiet does not hide a source that gave no clean file."""
    result = run("clean", "good.txt", "empty.txt", "-o", "new", "--quiet")
    [line] = result.stderr.splitlines()
    assert "empty.txt" in line


def test_classify_gives_a_line_a_paragraph(place: Path) -> None:
    """One JSON object each, in the order of the source, and nothing is missing from them."""
    result = run("classify", "good.txt", "noise.txt")
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert [row["text"] for row in rows] == STORY.strip().split("\n\n") + NOISE.strip().split("\n\n")
    assert [(row["source"], row["index"]) for row in rows] == [("good.txt", i) for i in range(11)] + [
        ("noise.txt", i) for i in range(3)
    ]
    for row in rows:
        assert {"label", "probability", "decision"} <= set(row)
    assert rows[1]["decision"] == "remove"
    assert {row["decision"] for row in rows if row["text"] in BODY} <= {"keep", "review"}


@pytest.mark.parametrize(
    "lines",
    [
        ["Accueil", "", "Le pont rouvre lundi.", "   ", "Se connecter"],
        ["un\u2028deux", "trois\x0cquatre", "cinq\x85six"],
        [""],
        ["", ""],
        ["seul"],
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_lines_give_one_object_each(place: Path, lines: list[str], end: str) -> None:
    """With --lines the n-th object is the n-th line of the file, blank ones and odd ones included."""
    Path("lines.txt").write_bytes("".join(line + end for line in lines).encode())
    result = run("classify", "--lines", "lines.txt")
    assert [json.loads(row)["text"] for row in result.stdout.split("\n")[:-1]] == lines


def test_explain_signs_what_it_did(out: Path) -> None:
    """A kept line has + (or ? when doubtful), a removed one -, and the clean file's name stands above."""
    shown = run("explain", out).stdout.splitlines()
    assert shown[0] == "good.txt -> good.txt"
    assert len(shown) == 1 + len(STORY.strip().split("\n\n"))
    kept = {line[0] for line in shown if any(text[:40] in line for text in BODY)}
    assert "+" in kept <= {"+", "?"}
    [gone] = [line for line in shown if "Se connecter" in line]
    assert gone[0] == "-"


def test_explain_signs_follow_the_policy(out: Path) -> None:
    """What the policy moves to metadata has @, what it wants reviewed has ?, in the folder that it made."""
    policy, actions = DEFAULT.read_text(encoding="utf-8"), cycle(ACTIONS)
    mixed = re.sub(r'^action = "\w+"', lambda _: f'action = "{next(actions)}"', policy, flags=re.MULTILINE)
    Path("mixed.toml").write_text(mixed, encoding="utf-8")
    assert run("decide", out, "-P", "mixed.toml", "--into", "mixed").exit_code in (0, 3)
    decisions = [p.decision for entry in read_entries(Path("mixed/audit.jsonl")) for p in entry.paragraphs]
    signs = dict(zip(("keep", "remove", "metadata", "review"), "+-@?", strict=True))
    shown = [line[0] for line in run("explain", "mixed").stdout.splitlines()[1:] if not line.startswith("   ----")]
    assert len(set(decisions)) > 1
    assert shown == [signs[decision] for decision in decisions]


def test_explain_shows_what_is_asked_for(out: Path) -> None:
    """--removed leaves out what was kept, --label leaves out the other labels, --full shows whole paragraphs."""
    removed, full = run("explain", out, "--removed").stdout, run("explain", out, "good.txt", "--full").stdout
    assert "- " in removed
    assert not any(line.startswith("+") for line in removed.splitlines())
    assert all(text in full for text in BODY)
    assert not any(text in run("explain", out).stdout for text in BODY)
    labels = {line.split()[2] for line in run("explain", out, "--label", "content").stdout.splitlines()[1:]}
    assert labels == {"content"}


HOSTILE = "\x1b]0;owned\x07\x1b[2J \x9b31m \u202e\u2066 \x08\x7f"


def controls(text: str) -> set[str]:
    """Characters that drive a terminal or turn the direction of a line."""
    return {c for c in text if c != "\n" and (ord(c) < 32 or 127 <= ord(c) < 160 or c in "\u202e\u2066")}


def test_explain_escapes_what_drives_a_terminal(place: Path) -> None:
    """Escape sequences and direction marks of a scraped text are shown, not obeyed."""
    Path("good.txt").write_text(STORY.replace("Le maire", f"Le maire {HOSTILE}"), encoding="utf-8")
    run("clean", "good.txt", "-o", "new")
    shown = CliRunner().invoke(main, ["explain", "new", "--full"], color=True).stdout
    for colour in ("\x1b[1m", "\x1b[0m", "\x1b[31m", "\x1b[33m", "\x1b[34m"):  # what explain itself paints
        shown = shown.replace(colour, "")
    assert controls(shown) == set()
    assert "\\x1b]0;owned" in shown


@pytest.mark.parametrize("call", [["clean"], ["classify"], ["clean", "-o", "new"]])
def test_file_name_cannot_drive_a_terminal(place: Path, call: list[str]) -> None:
    """A message that names a file escapes what its name holds."""
    name = "\x1b]0;owned\x07.txt"
    Path(name).write_bytes(PICTURE)
    result = run(*call, name)
    assert result.exit_code in (3, 65)
    assert controls(result.stderr) == set()
    assert "owned" in result.stderr


def test_restore_prints_the_source(out: Path) -> None:
    """The source comes back on stdout byte for byte, and a paragraph into its clean file."""
    assert run("restore", out, "good.txt").stdout_bytes == STORY.encode()
    assert run("restore", out, "good.txt", "-p", "1").exit_code == 0
    assert "Se connecter" in (out / "good.txt").read_text(encoding="utf-8")
    assert run("verify", out).exit_code == 0


def test_restore_keeps_the_format_of_the_folder(place: Path) -> None:
    """A paragraph restored in a Markdown folder does not turn the folder into text."""
    run("clean", "good.txt", "-o", "new", "-f", "md")
    assert run("restore", "new", "good.txt", "-p", "1").exit_code == 0
    assert {path.name for path in Path("new").iterdir()} == {"good.md", "audit.jsonl", ".cleaner"}
    assert "Se connecter" in Path("new/good.md").read_text(encoding="utf-8")


def test_restore_writes_all_sources(place: Path) -> None:
    """--to gives every readable source back in its place."""
    Path("in/sub").mkdir(parents=True)
    Path("in/sub/a.txt").write_bytes(STORY.encode("cp1252"))
    Path("in/b.txt").write_text(NOISE, encoding="utf-8")
    run("clean", "in", "-o", "new")
    assert run("restore", "new", "--to", "back").exit_code == 0
    assert Path("back/sub/a.txt").read_bytes() == STORY.encode("cp1252")
    assert Path("back/b.txt").read_bytes() == NOISE.encode()


def test_restore_does_not_write_over_the_clean_files(out: Path) -> None:
    """Restoring into the output folder itself is refused: it would replace the clean files."""
    before = (out / "good.txt").read_bytes()
    assert run("restore", out, "--to", out).exit_code in (2, 73)
    assert (out / "good.txt").read_bytes() == before


def test_restore_never_writes_outside_its_folder(out: Path) -> None:
    """An audit whose source names climb out of the folder cannot plant a file elsewhere."""
    audit = (out / "audit.jsonl").read_text(encoding="utf-8")
    (out / "audit.jsonl").write_text(audit.replace('"source":"good.txt"', '"source":"../planted.txt"'), encoding="utf-8")
    result = run("restore", out, "--to", "back/here")
    assert not Path("back/planted.txt").exists()
    assert result.exit_code in CODES - {0}


def bad_files(folder: Path) -> None:
    """Files that are not what their command needs."""
    (folder / "broken").mkdir()
    for name, raw in {
        "nested.toml": b"a=" + b"[" * 5000,
        "binary.toml": PICTURE,
        "types.toml": b'version = 1\nlabels = "x"\n',
        "words.model": b"not a model",
        "short.model": b"CLEANER1" + b"\xff" * 4,
        "head.model": b"CLEANER1\x02\x00\x00\x00{}" + b"\0" * 32,
        "damaged.model": (REPOSITORY / "models/press.model").read_bytes()[:-1] + b"\0",
        "deep.html": b"<html><body>" + b"<div>" * 3000 + b"x",
        "tags.html": b"<!DOCTYPE html><html><![CDATA[<<<>>&#xD800;&#0;&#1114112;",
        "broken/audit.jsonl": PICTURE,
    }.items():
        (folder / name).write_bytes(raw)


@pytest.mark.parametrize(
    "call",
    [
        ["clean", "good.txt", "-P", "nested.toml"],
        ["clean", "good.txt", "-P", "binary.toml"],
        ["clean", "good.txt", "-P", "types.toml"],
        ["clean", "good.txt", "-P", "broken"],
        ["clean", "good.txt", "-m", "words.model"],
        ["clean", "good.txt", "-m", "short.model"],
        ["clean", "good.txt", "-m", "head.model"],
        ["clean", "good.txt", "-m", "damaged.model"],
        ["clean", "good.txt", "-m", "empty.txt"],
        ["clean", "good.txt", "-m", "broken"],
        ["clean", "deep.html", "tags.html", "empty.txt", "-o", "new"],
        ["clean", "tags.html"],
        ["clean", "good.txt", "--kind", "html"],
        ["classify", "broken", "empty.txt"],
        ["classify", "picture.txt"],
        ["classify", "--lines", "picture.txt"],
        ["explain", "broken"],
        ["explain", "good.txt"],
        ["verify", "broken"],
        ["decide", "broken"],
        ["restore", "broken", "good.txt", "-p", "0"],
        ["restore", "broken", "--to", "back"],
        ["evaluate", "nowhere"],
        ["no-such-command"],
    ],
    ids=" ".join,
)
def test_bad_input_never_ends_in_a_traceback(place: Path, call: list[str]) -> None:
    """Whatever is given, the run ends with a status that the help lists, and says why when it failed."""
    bad_files(place)
    result = run(*call)
    assert result.exit_code in CODES
    assert result.exit_code == 0 or result.stderr.startswith(("cleaner: ", "Usage: ")), result.stderr
    assert "Traceback" not in result.output


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"decision":"keep"', '"decision":"explode"'),
        ('"label":"content"', '"label":7'),
        ('"probability":0', '"probability":"x0'),
        ('"text":"', '"text":7,"raw":"'),
        ('"encoding":"utf-8"', '"encoding":"no-such"'),
        ('"outputs":[', '"outputs":[7,'),
        ('"metadata":{}', '"metadata":7'),
        ('"probabilities":[', '"probabilities":["x",'),
        ('{"record"', "[" * 100_000 + '{"record"'),
    ],
    ids=lambda value: value[:20],
)
def test_damaged_audit_never_ends_in_a_traceback(out: Path, old: str, new: str) -> None:
    """A value of the wrong kind in the audit is found by verify, and no command that reads it ends in a traceback."""
    audit = (out / "audit.jsonl").read_text(encoding="utf-8")
    assert old in audit
    damaged = audit.replace(old, new)
    for call in (["verify", out], ["explain", out], ["restore", out, "good.txt"], ["decide", out, "--into", "again"]):
        (out / "audit.jsonl").write_text(damaged, encoding="utf-8")
        result = run(*call)
        assert result.exit_code in ((1, 73) if call[0] == "verify" else CODES), f"{call[0]}: {result.output}"


@pytest.mark.parametrize(
    "call", [["clean", "good.txt"], ["classify", "good.txt"], ["explain", "out"], ["restore", "out", "good.txt"]]
)
def test_closed_pipe_ends_quietly(out: Path, call: list[str]) -> None:
    """When `head` has gone, there is no message and no status of a crash."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        result = command(*call, stdout=writing)
    finally:
        os.close(writing)
    assert (result.returncode, result.stderr) == (0, "")


def test_head_takes_one_line(place: Path) -> None:
    """`cleaner classify | head -1` gives one line and no complaint, also when much more was to come."""
    Path("long.txt").write_text("\n\n".join(f"Se connecter {i}" for i in range(2000)), encoding="utf-8")
    env = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    call = f"'{sys.executable}' -m cleaner classify long.txt | head -1"
    done = subprocess.run(["sh", "-c", call], capture_output=True, text=True, env=env, check=False)
    assert (done.stdout.count("\n"), done.stderr) == (1, "")


def test_old_terminals_are_served(place: Path) -> None:
    """Where stdout takes no Unicode, explain still shows every paragraph."""
    Path("good.txt").write_text(STORY.replace("Le maire", "Мэр 市長"), encoding="utf-8")
    run("clean", "good.txt", "-o", "new")
    result = command("explain", "new", PYTHONUTF8="0", PYTHONIOENCODING="ascii")
    assert (result.returncode, result.stderr) == (0, "")
    assert len(result.stdout.splitlines()) == 1 + len(STORY.strip().split("\n\n"))


def test_dry_run_writes_nothing(place: Path) -> None:
    """--dry-run says what would be done and shows some of what would go; the same before, after and beside a run."""
    before = sorted(Path().rglob("*"))
    first = run("clean", "good.txt", "noise.txt", "-o", "new", "--dry-run")
    assert (first.exit_code, sorted(Path().rglob("*"))) == (0, before)
    assert "2 records: 2 would be cleaned, 0 are as they were, 0 are gone" in first.stdout
    assert "navigation" in first.stdout
    assert "Se connecter" in first.stdout
    assert run("clean", "good.txt", "noise.txt", "-o", "new", "-w", "3", "--dry-run").stdout == first.stdout
    assert run("clean", "good.txt", "-o", "new").exit_code == 0
    written = {path: path.stat().st_mtime_ns for path in Path("new").rglob("*")}
    later = run("clean", "noise.txt", "good.txt", "-o", "new", "--dry-run")
    assert "2 records: 1 would be cleaned, 1 are as they were, 0 are gone" in later.stdout
    assert {path: path.stat().st_mtime_ns for path in Path("new").rglob("*")} == written
    other = run("clean", "noise.txt", "-o", "new", "--dry-run")
    assert "1 records: 1 would be cleaned, 0 are as they were, 1 are gone" in other.stdout


def test_a_second_run_has_nothing_to_do(place: Path) -> None:
    """What did not change is left as it is, what changed is done, what went is taken away, and the summary says so."""
    assert (
        "This run: 1 new or changed, 0 judged again, 0 unchanged, 0 gone; 1 clean" in run("clean", "good.txt", "-o", "new").stderr
    )
    assert (
        "This run: 0 new or changed, 0 judged again, 1 unchanged, 0 gone; 0 clean" in run("clean", "good.txt", "-o", "new").stderr
    )
    assert (
        "This run: 0 new or changed, 1 judged again, 0 unchanged, 0 gone; 0 clean"
        in run("clean", "good.txt", "-o", "new", "--again").stderr
    )
    assert (
        "This run: 1 new or changed, 0 judged again, 0 unchanged, 1 gone; 0 clean"
        in run("clean", "noise.txt", "-o", "new").stderr
    )
    assert not Path("new/good.txt").exists()


def test_the_sums_of_a_run_balance(place: Path) -> None:
    """Records in = kept + partly kept + dropped + quarantined, each of the last two with its reasons, on stderr and in the report."""
    Path("kept.txt").write_text(STORY.split("\n\n")[5], encoding="utf-8")
    result = run("clean", "good.txt", "noise.txt", "empty.txt", "picture.txt", "kept.txt", "-o", "new")
    assert result.exit_code == 3
    report = json.loads(Path("new/.cleaner/report.json").read_bytes())
    assert report["records"] == sum(report["outcomes"].values()) == 5
    assert report["outcomes"]["kept"] == report["outcomes"]["partly kept"] == 1
    assert report["outcomes"]["dropped"] + report["outcomes"]["quarantined"] == sum(report["reasons"].values()) == 3
    assert {"empty", "not-text"} < set(report["reasons"])
    assert "Records in = 1 kept, 1 partly kept, " in result.stderr


def test_events_are_logged_on_request(place: Path) -> None:
    """--log appends JSON lines with a time, among them one for each source that was set aside."""
    for _ in range(2):
        run("clean", "good.txt", "noise.txt", "-o", "new", "--log", "events.jsonl", "--again")
    rows = [json.loads(line) for line in Path("events.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [row["source"] for row in rows if row["event"] == "set aside"] == ["noise.txt", "noise.txt"]
    assert all(row["time"].endswith("Z") for row in rows)


@pytest.mark.parametrize("format", ["jsonl.gz", "jsonl.zst"])
def test_containers_in_gathered_files_out(place: Path, format: str) -> None:
    """A JSONL file with fields of other names, packed, becomes packed records, and verify, explain and restore read them."""
    import gzip

    row = {"corps": STORY, "titre": "Le titre", "adresse": "http://x/1"}
    Path("feed.jsonl.gz").write_bytes(gzip.compress(json.dumps(row).encode() + b"\n{broken\n"))
    named = ["--text-field", "corps", "--title-field", "titre", "--url-field", "adresse"]
    result = run("clean", "feed.jsonl.gz", "-o", "new", "-f", format, *named)
    assert (result.exit_code, "bad-json 1" in result.stderr) == (3, True)
    assert {path.name for path in Path("new").iterdir()} == {"audit.jsonl", f"articles.{format}", ".cleaner"}
    assert run("verify", "new").exit_code == 0
    assert "Se connecter" in run("explain", "new").stdout
    assert run("restore", "new", "feed.jsonl.gz#1", "-p", "1").exit_code == 0
    assert Path(f"new/articles.{format}").exists()
    assert run("verify", "new").exit_code == 0


@pytest.mark.parametrize(
    "call", [["--memory", "lots"], ["--sample", "2"], ["--limit", "0"], ["--timeout", "0"], ["--engine", "slurm"]]
)
def test_wrong_values_of_options_are_refused(place: Path, call: list[str]) -> None:
    """A value that makes no sense is named, and nothing is written."""
    result = run("clean", "good.txt", "-o", "new", *call)
    assert (result.exit_code, call[0] in result.stderr, Path("new").exists()) == (2, True, False)


def test_classify_reads_containers(tmp_path: Path) -> None:
    """Every article of a JSONL is judged under a name of its own; a broken line is named, and ends the command with 3."""
    file = tmp_path / "news.jsonl"
    file.write_text(
        '{"text": "Accueil\\n\\nLe pont rouvre lundi, a dit le maire."}\n{"text": \n{"text": "Menu"}\n', encoding="utf-8"
    )
    result = CliRunner().invoke(main, ["classify", str(file)])
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert [(row["source"], row["index"]) for row in rows] == [("news.jsonl#1", 0), ("news.jsonl#1", 1), ("news.jsonl#3", 0)]
    assert "line 2" in result.stderr
    assert result.exit_code == 3
