"""A process that stands for a model server: healthy at once, and dying when a test says so.

Run as a script: PORT FOLDER. Files in FOLDER tell it what to do: `refuse` (end at once, with the
file's text on standard error), `crash` (removed, then it ends with status 3), `sick` (not healthy
while it is there), `deaf` (ignore SIGTERM). It notes each start and each request in `notes`, and
starts a child of its own whose pid is in `child`, as vLLM does.
"""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


def note(folder: Path, text: str) -> None:
    with (folder / "notes").open("a") as file:
        file.write(text + "\n")


def watch(folder: Path) -> None:
    while True:
        if (folder / "crash").exists():
            (folder / "crash").unlink()
            print("CUDA error: out of memory", flush=True)
            os._exit(3)
        time.sleep(0.02)


def main(port: int, folder: Path) -> int:
    note(folder, "started")
    if (folder / "refuse").exists():
        print((folder / "refuse").read_text(), file=sys.stderr)
        return 1
    if (folder / "deaf").exists():
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    (folder / "child").write_text(str(child.pid))

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(503 if (folder / "sick").exists() else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            is_known = True
            if self.path.startswith("/slots/"):  # /slots/NUMBER?action=ACTION
                action = self.path.rpartition("=")[2]
                saved = folder / body["filename"]
                note(folder, f"{action} slot {self.path.split('/')[2][0]}")
                if action == "save":
                    saved.touch()
                is_known = saved.exists()
            else:
                is_known = body["messages"][0]["content"] != "fail"
                note(
                    folder, f"compute slot {body.get('id_slot')}: {body['messages'][0]['content']}"
                )
            self.send_response(200 if is_known else 400)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    threading.Thread(target=watch, args=(folder,), daemon=True).start()
    ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), Path(sys.argv[2])))
