"""What stands on the booted computer beside the product: its sound, microphones, the agent's settings, a browser."""

RECORDINGS = "/srv/Записи 265"
"""Neither below /var/lib/station nor easy to write down: the installer has to open it to the service."""

SOUND = """
[Service]
Environment=HOME=/run/sound XDG_RUNTIME_DIR=/run/sound
RuntimeDirectory=sound
ExecStart=pulseaudio -n --daemonize=no --use-pid-file=no --exit-idle-time=-1 --disallow-exit \\
    -L "module-native-protocol-unix auth-anonymous=1 socket=/run/sound/native" \\
    -L "module-null-sink sink_name=room norewinds=1 format=s16le rate=48000 channels=1" \\
    -L "module-sine-source source_name=whistle frequency=440 rate=48000"
"""
ALSA = """
pcm.microphone { type pulse server "unix:/run/sound/native" device "whistle" }
"""
"""The microphone whistles 440 Hz for ever."""


def card(number: int, name: str, serial: str) -> str:
    """A microphone as umockdev shows it to udev."""
    return rf"""P: /devices/usb1/1-{number}
E: SUBSYSTEM=usb
E: DEVTYPE=usb_device
A: idVendor=0d8c\n
A: idProduct=0014\n
A: serial={serial}\n

P: /devices/usb1/1-{number}/1-{number}:1.0/sound/card{number}
E: SUBSYSTEM=sound
A: id={name}\n
"""


CARDS = card(1, "Exam", "AB1") + "\n" + card(2, "Other", "AB2")
"""Two microphones of one make."""

EXCHANGE = "http://127.0.0.1:8464/files"
SYNC_TOML = f"""
[school]
code = "701020"
[watch]
recordings = ["{RECORDINGS}"]
[target]
kind = "tus"
url = "{EXCHANGE}"
token_file = "token"
[state]
folder = "/var/lib/station-sync"
"""


OPENS = """
import json, os, re, subprocess, sys, urllib.parse, urllib.request

class Stays(urllib.request.HTTPRedirectHandler):
    def http_error_303(self, request, answer, *_):
        return answer

def ask(url, cookie):
    return json.load(urllib.request.urlopen(urllib.request.Request(url + "/api/room", headers={"Cookie": cookie})))

if sys.argv[2:]:
    ask(*sys.argv[2:])
    sys.exit()
command = ["station", "page", "--print", "--config", sys.argv[1]]
opening = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
path = opening.stdout.readline().strip()
mode, text = f"{os.stat(path).st_mode & 0o777:o}", open(path).read()
url = re.search('action="(.*?)/enter"', text)[1]
form = urllib.parse.urlencode({"token": re.search('name="token" value="(.*?)"', text)[1]}).encode()
entering = urllib.request.Request(url + "/enter", form, {"Origin": "null"})
cookie = urllib.request.build_opener(Stays).open(entering).headers["Set-Cookie"].partition(";")[0]
told = {"room": ask(url, cookie), "mode": mode, "url": url, "cookie": cookie}
opening.wait()
print(json.dumps({**told, "is_left": os.path.exists(path)}))
"""
"""Does what a browser does with the starter's file; or comes again, with a URL and a cookie."""

OPENS_OFFICE = OPENS.replace('["station", "page",', '["station-sync", "office",').replace("/api/room", "/api/office")
"""The same at the headquarters' page."""
