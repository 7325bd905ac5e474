#!/bin/sh
# Makes .venv hold this project and what it needs; a second run takes no time.
#   tools/setup.sh EXTRAS FIRST_STEP N_STEPS      EXTRAS like cpu or cpu,dev
# PYTHON names the Python to use; without it, the first that fits is taken. VENV names another
# folder than .venv; FIRST are requirements to be installed before all others.
set -eu
cd "$(dirname "$0")/.."
extras=$1 step=$2 n_steps=$3
venv=${VENV:-.venv}
stamp=$venv/.study-installed
fits='import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))'

say() { echo "$*" >&2; }
fail() { say "Error: $1"; say "Hint: $2"; exit 1; }

choose_python() {
  if [ -n "${PYTHON:-}" ]; then
    "$PYTHON" -c "$fits" 2>/dev/null || fail "$PYTHON is not Python 3.11, 3.12 or 3.13." \
      "Name one that is: make run PYTHON=python3.12"
    echo "$PYTHON"
    return
  fi
  for each in python3 python3.13 python3.12 python3.11; do
    if "$each" -c "$fits" 2>/dev/null; then
      echo "$each"
      return
    fi
  done
  fail "There is no Python 3.11, 3.12 or 3.13 here." \
    "Install one, or name it: make run PYTHON=/path/to/python3.12"
}

say "[$step/$n_steps] Virtual environment in $venv"
# An interrupted run leaves one without pip, a moved folder one whose links lead nowhere.
if ! "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
  python=$(choose_python)
  "$python" -m venv --clear "$venv" >&2 || fail "$python can't make a virtual environment." \
    "On Debian and Ubuntu: apt-get install python3-venv"
fi
"$venv/bin/python" -c "$fits" || fail "$venv holds another Python than 3.11, 3.12 or 3.13." \
  "Remove it and run the command again: rm -r $venv"

say "[$((step + 1))/$n_steps] Packages ($extras)"
project=$(cksum < pyproject.toml)
installed=
if [ -x "$venv/bin/study" ] && [ -f "$stamp" ] && [ "$(sed -n 1p "$stamp")" = "$project" ]; then
  installed=$(sed -n 2p "$stamp")
fi
wanted=$installed
for each in $(echo "$extras" | tr ',' ' '); do
  case ",$wanted," in
    *",$each,"*) ;;
    *) wanted=${wanted:+$wanted,}$each ;;
  esac
done
if [ "$wanted" != "$installed" ]; then
  rm -f "$stamp"
  # Both wheels of faiss provide the same module: only one may be there.
  case ",$extras," in
    *,gpu,*) other=cpu ;;
    *) other=gpu ;;
  esac
  wanted=$(echo "$wanted" | tr ',' '\n' | grep -vx "$other" | paste -sd , -)
  # pip's bars are for a terminal; in a log its hundreds of lines would bury what matters.
  quiet=-q
  if [ -t 2 ]; then quiet=; fi
  pip="$venv/bin/python -m pip --disable-pip-version-check $quiet"
  if $pip show "faiss-$other" >/dev/null 2>&1; then
    $pip uninstall -y "faiss-$other" "faiss-${extras%%,*}" >&2
  fi
  if [ -n "${FIRST:-}" ]; then
    $pip install $FIRST >&2
  fi
  $pip install -e ".[$wanted]" >&2 || fail "The packages can't be installed." \
    "Check the network and pip's index, then run the command again: it goes on where it was."
  printf '%s\n%s\n' "$project" "$wanted" > "$stamp"
fi
