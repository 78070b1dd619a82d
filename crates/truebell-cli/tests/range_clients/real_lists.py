"""Builds a corpus of real lists and asks it 100,000 times what a plain dictionary knows: real_lists.py TRUEBELL WORDS FOLDER"""

import gzip
import hashlib
import json
import pathlib
import random
import subprocess
import sys

import django.contrib.auth.password_validation as validation

QUESTIONS = 100_000


def sha1(word: bytes) -> str:
    return hashlib.sha1(word).hexdigest().upper()


def run(*words: object, may_end_with: tuple[int, ...] = (0,)) -> bytes:
    ended = subprocess.run([str(word) for word in words], stdin=subprocess.DEVNULL, capture_output=True)
    assert ended.returncode in may_end_with, (words, ended.returncode, ended.stderr)
    return ended.stdout


def main(truebell: str, words: pathlib.Path, folder: pathlib.Path) -> None:
    common = pathlib.Path(validation.__file__).with_name("common-passwords.txt.gz")
    known: dict[str, int] = {}
    for text in (gzip.decompress(common.read_bytes()), words.read_bytes()):
        for line in text.split(b"\n"):
            if line:
                known[sha1(line)] = known.get(sha1(line), 0) + 1
    assert len(known) > 60_000 and max(known.values()) > 1, len(known)

    chance = random.Random(20)
    hashes = sorted(known)
    hits = chance.choices(hashes, k=QUESTIONS // 2)
    # Words nobody has, and hashes that differ from known ones in their last digit only.
    strange = [sha1(f"{chance.random()} nobody".encode()) for _ in range(QUESTIONS // 4)]
    near = [one[:-1] + ("0" if one[-1] != "0" else "1") for one in chance.choices(hashes, k=QUESTIONS // 4)]
    questions = hits + strange + near
    chance.shuffle(questions)
    asked = folder / "asked.txt"
    asked.write_text("".join(f"{question}\n" for question in questions))

    for name, more in (("whole.tbc", []), ("index.tbc", ["--index-only"])):
        corpus = folder / name
        made = json.loads(run(truebell, "corpus", "build", "--json", "--form", "passwords", *more, "--out", corpus, common, words))
        assert (made["entries"], made["skipped"]) == (len(known), 0), made
        said = json.loads(run(truebell, "corpus", "check", corpus, "--hashes", asked, "--json", may_end_with=(12,)))
        assert said["checked"] == QUESTIONS, said["checked"]
        found = sorted((one["hash"], one["count"]) for one in said["found"])
        if more:
            # By their first 64 bits: hashes that are alike in these are one, and counts are not kept.
            keys = {one[:16] for one in known}
            assert found == sorted((one, None) for one in questions if one[:16] in keys)
        else:
            assert found == sorted((one, known[one]) for one in questions if one in known)
    print("passed")


main(sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3]))
