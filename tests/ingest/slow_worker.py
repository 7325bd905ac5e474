"""A stand-in for the parsing process that does what the name of the source says."""

import json
import sys
import time

print(json.dumps({"ready": True}), flush=True)
for line in sys.stdin:
    source = json.loads(line)["source"]
    if source.startswith("hang"):
        time.sleep(600)
    if source.startswith("crash"):
        sys.exit(9)
    if source.startswith("half"):
        print('{"document": {"sour', end="", flush=True)
        sys.exit(0)
    reply = {"error": "Unreadable", "reason": f"I am {source}.", "hint": "h", "place": ""}
    print(json.dumps(reply), flush=True)
