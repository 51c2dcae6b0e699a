"""`python tests/fuzz/fuzz.py [SECONDS] [DECODER …]`: each decoder fuzzed for that long, following coverage (atheris).

What it has found out so far stays in var/fuzz/DECODER and is where the next run begins. An input that breaks a decoder is
written to var/fuzz/DECODER-crash-…; put it into tests/fuzz/found/DECODER/, where the suite holds it ever after.
"""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOUND, KEPT = Path(__file__).parent / "found", ROOT / "var" / "fuzz"
# An input that takes longer than this, or more memory, has broken its decoder too.
SECONDS_EACH, MIB = 10, 2048


def main(seconds: str = "60", *names: str) -> int:
    """All of them, one after the other; how many were broken."""
    from tests.fuzz.seeds import seeds

    broken = []
    for name, inputs in seeds().items():
        if names and name not in names:
            continue
        folder = KEPT / name
        folder.mkdir(parents=True, exist_ok=True)
        for number, each in enumerate(inputs):
            (folder / f"seed-{number}").write_bytes(each)
        command = [sys.executable, __file__, "--one", name, str(folder), *map(str, FOUND.glob(name))]
        bounds = [f"-max_total_time={seconds}", f"-timeout={SECONDS_EACH}", f"-rss_limit_mb={MIB}", "-max_len=16384"]
        said = [f"-artifact_prefix={KEPT}/{name}-", "-print_final_stats=1", "-verbosity=1"]
        if subprocess.run([*command, *bounds, *said], cwd=ROOT, check=False).returncode:
            broken.append(name)
    print(f"broken: {', '.join(broken) or 'none'}")
    return len(broken)


def one(name: str, *arguments: str) -> None:
    """One decoder in this process, until the time is over or it breaks."""
    import atheris

    with atheris.instrument_imports(include=["services", "shared", "puremagic", "openpyxl", "joserfc"]):
        from tests.fuzz.decoders import DECODERS
    atheris.Setup([sys.argv[0], *arguments], DECODERS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    if sys.argv[1:2] == ["--one"]:
        one(*sys.argv[2:])
    else:
        sys.exit(main(*sys.argv[1:]))
