"""Whether the watcher of this container answers: exit code 0 when its metrics can be had, 1 when not."""

import os
import sys
import urllib.request

TIMEOUT_S = 8.0


def main() -> int:
    """Ask for the metrics once; without a port there is nothing to ask, and nothing to fail."""
    port = os.environ.get("METRICS_PORT") or "9464"
    if port == "0":
        return 0
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=TIMEOUT_S) as answer:
            return 0 if answer.status == 200 else 1
    except OSError as error:
        print(f"the watcher does not answer on port {port}: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    raise SystemExit(main())
