"""Opens a room for work: station, exchange and agent; the folder `room/` keeps everything.

Where there is no microphone it says so and offers the virtual one.
"""

import argparse
import contextlib
import json
import shlex
import subprocess
import sys
from pathlib import Path

from showing import programs
from showing.school import BIN, School

PORT = 8464
PAGE_PORT = 8265
ROSTER = Path(__file__).parents[2] / "config" / "roster.csv"
_PREFERRED = ("pulse", "pipewire", "default")


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/run", description="Аудитория: станция, файловый обмен, отправка.")
    parser.add_argument("--virtual", action="store_true", help="виртуальный микрофон, чтобы попробовать")
    parser.add_argument("--demo", action="store_true", help="показать целый день без участия человека")
    parser.add_argument("--folder", type=Path, default=Path("room"), help="папка аудитории")
    parser.add_argument("--port", type=int, default=PORT, help="порт файлового обмена")
    chosen = parser.parse_args()
    school = School(chosen.folder.absolute(), port=PAGE_PORT)
    with contextlib.ExitStack() as stack:
        environment: dict[str, str] = {}
        device: str | None = "pulse"
        if chosen.virtual:
            from rig.sound import SoundServer  # noqa: PLC0415 - a room with a microphone needs no rig

            server = stack.enter_context(SoundServer())
            server.add_microphone("room")
            environment |= server.environment
        else:
            device = _microphone()
        if device is None:
            print("Микрофон не найден. Подключите его и запустите снова,", file=sys.stderr)
            print("или попробуйте с виртуальным: scripts/run --virtual", file=sys.stderr)
            return 1
        school.write(device=device, roster=ROSTER.read_text(encoding="utf-8"))
        return _work(stack, school, environment, chosen.port)


def _work(stack: contextlib.ExitStack, school: School, environment: dict[str, str], port: int) -> int:
    school.admit(stack.enter_context(programs.exchange(school, port)))
    stack.enter_context(programs.agent(school))
    daemon = stack.enter_context(programs.station(school, environment))
    _explain(school)
    try:
        return daemon.wait()
    except KeyboardInterrupt:
        return 0


def _explain(school: School) -> None:
    settings = {**school.environment, "PATH": f"{BIN}:$PATH"}
    lines = "".join(
        f"export {name}={value if '$' in value else shlex.quote(value)}\n" for name, value in settings.items()
    )
    (school.folder / "env").write_text(lines, encoding="utf-8")
    print(f"Аудитория готова, папка {school.folder}. В другом окне терминала:")
    print(f"  . {school.folder / 'env'}")
    print("  station page                       открыть страницу аудитории: дальше всё можно и на ней")
    print("  station rehearse                   проба звука: слышно ли всех")
    print("  station open                       начать день")
    print("  station start --participant 1      начать запись участника № 1 (список: roster.csv)")
    print("  station stop; station accept       остановить; запись хорошая")
    print("  station close                      закончить день; записи уйдут сами")
    print("  station-sync status                что доставлено")
    print("Остановить всё: Ctrl+C. Начатый день продолжится при следующем запуске.", flush=True)


def _microphone() -> str | None:
    """The name of a microphone of this computer, if there is any."""
    done = subprocess.run([BIN / "station", "devices", "--json"], stdout=subprocess.PIPE, text=True, check=False)
    names = [device["name"] for device in json.loads(done.stdout or "[]")]
    preferred = [name for name in _PREFERRED if name in names]
    return next(iter(preferred + names), None)


if __name__ == "__main__":
    sys.exit(main())
