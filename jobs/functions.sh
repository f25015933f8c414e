# What the job files (jobs/*.sbatch) share; they source it.
#
# What every one of them takes from the environment of `sbatch`, besides Slurm's own SBATCH_PARTITION, SBATCH_ACCOUNT,
# ... and the KINTSUGI_... variables that kintsugi reads itself:
#
#   PROGRAM       the kintsugi to run (default: build/release/kintsugi of this repository, else the one in the PATH)
#   CONFIG        INI file with options of `kintsugi solve` (default: the job's own, in configs/)
#   RESULTS       folder for everything that the job writes (default: results/<job name>-<job number>)
#   LAUNCHER      srun, mpirun, or auto (default): srun where Slurm has pmix, else mpirun
#   LAUNCHER_OPTIONS   for the launcher, split at spaces (default: --cpu-bind=cores; mpirun: --bind-to core)
#   MODULES       environment modules to load, separated by spaces
#   LAUNCH_TIMEOUT     seconds that a first tiny program may take on all ranks before it is tried once more (default: 120)
#   STOP_BEFORE   seconds before the job's time limit at which to stop by itself (default: 120)
#   POLL          seconds between two looks whether another task of an array has solved the problem (default: 5)
#   MAX_RESTARTS  how often the job may put itself back into the queue (default: 10)
#
# Paths are relative to the folder in which sbatch was called. A job that was requeued finds its RESULTS again.

# shellcheck shell=bash

say() { printf '%s: %s\n' "${SLURM_JOB_NAME:-job}" "$*"; }
fail() { printf '%s: error: %s\n' "${SLURM_JOB_NAME:-job}" "$*" >&2; exit 1; }

# The repository, from this file's own place.
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# This job by the name that scontrol and squeue take; tasks of an array are jobs of their own.
this_job=${SLURM_ARRAY_JOB_ID:+${SLURM_ARRAY_JOB_ID}_${SLURM_ARRAY_TASK_ID}}
this_job=${this_job:-$SLURM_JOB_ID}

signals=0        # that announced the job's end
cancelled=no     # it was taken back, or its time is over: it must not go back into the queue
launcher_pid=    # of the command that runs
stop_when=       # a file: once it is there, the command that runs is told to stop

# Slurm signals the batch shell only (--signal=B:...); the launcher passes USR1 on to the ranks.
on_signal() {
  signals=$((signals + 1))
  if [ -n "$launcher_pid" ]; then kill -USR1 "$launcher_pid" 2>/dev/null || true; fi
}
trap on_signal USR1
trap 'cancelled=yes; on_signal' TERM

# ---- the beginning ----

load_modules() {
  [ -n "${MODULES:-}" ] || return 0
  set +u  # the module command itself is seldom written for -u
  # A batch shell is no login shell and may not know the command yet.
  # shellcheck source=/dev/null
  if ! type module >/dev/null 2>&1 && [ -r /etc/profile.d/modules.sh ]; then . /etc/profile.d/modules.sh; fi
  type module >/dev/null 2>&1 || fail "MODULES is '$MODULES', but there is no module command"
  # shellcheck disable=SC2086  # a list
  module load $MODULES || fail "cannot load the modules '$MODULES'"
  module list 2>&1
  set -u
}

choose_program() {
  if [ -z "${PROGRAM:-}" ]; then
    PROGRAM=$repository/build/release/kintsugi
    [ -x "$PROGRAM" ] || PROGRAM=$(command -v kintsugi) ||
      fail "no $repository/build/release/kintsugi and no kintsugi in the PATH; build it, or name it: PROGRAM=FILE"
  fi
  [ -x "$PROGRAM" ] || fail "PROGRAM=$PROGRAM cannot be run"
  version=$("$PROGRAM" --version) ||
    fail "$PROGRAM does not run here; was it built for another processor, or are modules missing (MODULES)?"
}

choose_launcher() {
  LAUNCHER=${LAUNCHER:-auto}
  if [ "$LAUNCHER" = auto ]; then
    if srun --mpi=list 2>&1 | grep -qw pmix; then LAUNCHER=srun; else LAUNCHER=mpirun; fi
  fi
  case $LAUNCHER in
    srun) launcher=(srun --mpi=pmix) default_options=--cpu-bind=cores ;;
    mpirun)
      launcher=(mpirun) default_options='--bind-to core'
      # Seconds that ranks have, more or less, where Slurm ends mpirun and not the ranks.
      export OMPI_MCA_odls_base_sigkill_timeout=${OMPI_MCA_odls_base_sigkill_timeout:-5}
      # Ranks on other nodes get Open MPI's own variables only.
      local name
      for name in $(compgen -e KINTSUGI_); do launcher+=(-x "$name"); done ;;
    *) fail "LAUNCHER is '$LAUNCHER'; known are srun, mpirun, auto" ;;
  esac
  local options
  read -ra options <<<"${LAUNCHER_OPTIONS-$default_options}"
  launcher+=("${options[@]}")
}

# The smallest program that needs all ranks; what it prints goes to the file CHECK, the launcher's words to CHECK.log.
# Code 124 where it did not end in time.
launch_smallest_program() {
  local launcher=(timeout --kill-after=10 "$LAUNCH_TIMEOUT" "${launcher[@]}")
  run_on "$SLURM_NTASKS" "$1" "$1.log" "$PROGRAM" bench --blocks 1 --width 4 --hidden 4 --rows 64 --seconds 0.001
}

# Where srun and the program's MPI do not understand each other, every rank thinks that it is alone. Now and then the ranks
# of a step wait for each other without end, above all right after a requeue: a second try mends that.
check_launcher() {
  local seen check=$results/launch-check.$SLURM_JOB_ID code=0
  launch_smallest_program "$check" || code=$?
  if [ $code -eq 124 ] && [ $signals -eq 0 ]; then
    say "the ranks did not start within LAUNCH_TIMEOUT=$LAUNCH_TIMEOUT s; trying once more"
    code=0
    launch_smallest_program "$check" || code=$?
  fi
  [ $signals -eq 0 ] || job_ends 4
  if [ $code -ne 0 ]; then
    cat "$check.log" >&2
    fail "a program on $SLURM_NTASKS ranks does not start with $LAUNCHER (code $code; its words above)"
  fi
  seen=$(sed -n 's/^RESULT ranks=\([0-9]*\) .*/\1/p' "$check" | paste -sd ' ')
  [ "$seen" = "$SLURM_NTASKS" ] ||
    fail "$LAUNCHER started $SLURM_NTASKS programs that do not see each other (ranks: $seen);" \
      "try LAUNCHER=mpirun, or the Open MPI that Slurm was built for"
  rm -f "$check" "$check.log"
}

# job_begins DEFAULT_CONFIG: chooses everything above, says where and with what the job runs.
job_begins() {
  SLURM_NTASKS=${SLURM_NTASKS:-${SLURM_NPROCS:-1}}
  STOP_BEFORE=${STOP_BEFORE:-120}
  LAUNCH_TIMEOUT=${LAUNCH_TIMEOUT:-120}
  MAX_RESTARTS=${MAX_RESTARTS:-10}
  POLL=${POLL:-5}
  CONFIG=${CONFIG:-$repository/configs/$1}
  results=${RESULTS:-results/$SLURM_JOB_NAME-${SLURM_ARRAY_JOB_ID:-$SLURM_JOB_ID}}
  [[ $STOP_BEFORE =~ ^[0-9]+$ ]] || fail "STOP_BEFORE is '$STOP_BEFORE', needs to be a number of seconds"
  [[ $LAUNCH_TIMEOUT =~ ^[0-9]+$ ]] || fail "LAUNCH_TIMEOUT is '$LAUNCH_TIMEOUT', needs to be a number of seconds"
  [[ $POLL =~ ^[1-9][0-9]*$ ]] || fail "POLL is '$POLL', needs to be a number of seconds"
  [[ $MAX_RESTARTS =~ ^[0-9]+$ ]] || fail "MAX_RESTARTS is '$MAX_RESTARTS', needs to be a number"
  [ -r "$CONFIG" ] || fail "CONFIG=$CONFIG cannot be read"
  mkdir -p "$results" || fail "cannot write to RESULTS=$results"
  load_modules
  choose_program
  choose_launcher
  say "$(date '+%F %T'), job $this_job, start $((${SLURM_RESTART_COUNT:-0} + 1)) of at most $((MAX_RESTARTS + 1))"
  say "hosts    $(scontrol show hostnames "$SLURM_JOB_NODELIST" | paste -sd ' '), $SLURM_NTASKS ranks by ${launcher[*]}"
  say "modules  ${LOADEDMODULES:-none}"
  say "program  $PROGRAM: ${version%%$'\n'*}"
  say "folder   $PWD, results in $results"
  check_launcher
}

# ---- time ----

# Seconds until the job's time limit; nothing where there is none.
seconds_left() {
  local left days=0 hours=0 minutes seconds
  left=$(squeue --noheader --jobs "$this_job" --format %L) || return 0
  [[ $left =~ ^(([0-9]+)-)?(([0-9]+):)?([0-9]+):([0-9]+)$ ]] || return 0
  days=${BASH_REMATCH[2]:-0} hours=${BASH_REMATCH[4]:-0} minutes=${BASH_REMATCH[5]} seconds=${BASH_REMATCH[6]}
  printf '%s\n' $((((10#$days * 24 + 10#$hours) * 60 + 10#$minutes) * 60 + 10#$seconds))
}

# limit_time OWN: sets time_limit to the seconds that a program may take from now on: until STOP_BEFORE before the job's
# limit, or OWN where that is less (0: none); and limit_is_the_jobs.
limit_time() {
  local own=$1 left
  time_limit=$own limit_is_the_jobs=no
  left=$(seconds_left)
  [ -n "$left" ] || return 0
  if [ "$own" -eq 0 ] || [ $((left - STOP_BEFORE)) -lt "$own" ]; then
    time_limit=$((left - STOP_BEFORE)) limit_is_the_jobs=yes
  fi
}

# A duration as kintsugi takes it (90, 10m, 1h30m, 5min, 1d, 1:30:00, 1-02:00:00) in whole seconds, rounded up. What is
# none has been refused by kintsugi itself.
to_seconds() {
  awk -v text="$1" '
    function in_seconds(unit) {
      unit = substr(unit, 1, 1)
      return unit == "d" ? 86400 : unit == "h" ? 3600 : unit == "m" ? 60 : 1
    }
    BEGIN {
      gsub(/ /, "", text)
      if (text ~ /^[0-9.]+(e[+-]?[0-9]+)?$/) {
        value = text + 0
      } else if (text ~ /[a-z]/) {
        while (match(text, /^[0-9.]+[a-z]+/)) {
          part = substr(text, 1, RLENGTH); text = substr(text, RLENGTH + 1)
          match(part, /[a-z]/)
          value += substr(part, 1, RSTART - 1) * in_seconds(substr(part, RSTART))
        }
      } else {
        with_days = split(text, whole, "-") == 2
        count = split(with_days ? whole[2] : text, clock, ":")
        for (i = 1; i <= (with_days ? 3 : count); i++) value = value * 60 + clock[i]
        if (with_days) value += whole[1] * 86400
      }
      rounded = int(value); print rounded + (value > rounded)
    }'
}

# ---- running ----

# run_on RANKS OUTPUT LOG COMMAND...: starts the command on so many ranks, its stdout into OUTPUT and its stderr behind
# what is in LOG, and waits for it. Signals to the job reach it as SIGUSR1. Returns its exit code, and kintsugi's 4 where
# it was stopped before it could catch the signal.
run_on() {
  local ranks=$1 output=$2 log=$3 code signalled watcher=
  shift 3
  [ $signals -eq 0 ] || return 4
  local command=("${launcher[@]}")
  case $LAUNCHER in
    # Fewer ranks than the allocation has need fewer nodes, which srun would rather be told.
    srun) command+=(--ntasks="$ranks" --nodes="$(nodes_for "$ranks")") ;;
    mpirun) command+=(-np "$ranks") ;;
  esac
  command+=("$@")
  printf '$'; printf ' %q' "${command[@]}"; printf ' >%q 2>>%q\n' "$output" "$log"
  "${command[@]}" >"$output" 2>>"$log" </dev/null &
  launcher_pid=$!
  if [ -n "$stop_when" ]; then
    watch_for_the_end "$launcher_pid" </dev/null >/dev/null 2>&1 &
    watcher=$!
  fi
  while :; do
    code=0
    signalled=$signals
    wait "$launcher_pid" || code=$?
    # A signal ends `wait` early; the command is still to be waited for.
    [ "$signalled" -ne $signals ] || break
  done
  launcher_pid=
  if [ -n "$watcher" ]; then kill "$watcher" 2>/dev/null || true; fi
  if { [ $signals -gt 0 ] || [ -e "${stop_when:-/nowhere}" ]; } && [ $code -gt 128 ]; then code=4; fi
  return $code
}

# Tells the process PID to stop as soon as `stop_when` is there.
watch_for_the_end() {
  while [ ! -e "$stop_when" ]; do sleep "$POLL"; done
  kill -USR1 "$1" 2>/dev/null || true
}

nodes_for() {
  local per_node=$(((SLURM_NTASKS + SLURM_JOB_NUM_NODES - 1) / SLURM_JOB_NUM_NODES))
  printf '%s\n' $((($1 + per_node - 1) / per_node))
}

# Values of the RESULT line of a log: result LOG KEY...; separated by commas, empty where there is none.
result() {
  local line key values=()
  line=$(grep '^RESULT ' "$1" | tail -n 1) || true
  shift
  for key in "$@"; do values+=("$(sed -n "s/.* $key=\([^ ]*\).*/\1/p" <<<"$line")"); done
  (IFS=,; printf '%s\n' "${values[*]}")
}

# ---- one solve that survives the job ----

# Options that the jobs give themselves.
refuse_own_options() {
  local argument
  for argument in "$@"; do
    case ${argument%%=*} in
      --config) fail "give the config file as CONFIG=FILE, not as $argument" ;;
      --time-limit) fail "give a time limit as KINTSUGI_TIME_LIMIT, not as $argument" ;;
      --output | -o | --checkpoint | --resume | --log)
        fail "$argument is the job's own; RESULTS=FOLDER says where everything goes" ;;
    esac
  done
}

# solve_in FOLDER RANKS PROBLEM OPTION...: solves, going on from the checkpoint in FOLDER if there is one. Leaves
# solution.h5, permutation.txt, solve.log and log.jsonl there. Returns the solve's exit code.
solve_in() {
  local folder=$1 ranks=$2 problem=$3 code=0 own settings
  shift 3
  mkdir -p "$folder" || fail "cannot make the folder $folder"
  local command=("$PROGRAM" solve "$problem" --config "$CONFIG" "$@" --log table --log "json:$folder/log.jsonl"
    --output "$folder/solution.h5" --checkpoint "$folder/checkpoint.h5" --resume)
  # Wrong options are found out here, once, and not by every rank. A name of any kind need not fit into a config file.
  settings=$("$PROGRAM" solve problem.h5 --config "$CONFIG" "$@" --print-config) || return $?
  own=$(to_seconds "$(sed -n 's/^time-limit = //p' <<<"$settings")")
  limit_time "$own"
  if [ "$limit_is_the_jobs" = yes ] && [ "$time_limit" -le 0 ]; then
    fail "the job's time is up in $((time_limit + STOP_BEFORE)) s, which is within STOP_BEFORE=$STOP_BEFORE: nothing could be done"
  fi
  say "the log is $folder/solve.log"
  run_on "$ranks" "$folder/permutation.new" "$folder/solve.log" "${command[@]}" --time-limit "${time_limit}s" || code=$?
  if [ -s "$folder/permutation.new" ]; then mv "$folder/permutation.new" "$folder/permutation.txt"; fi
  # The verdict.
  tac "$folder/solve.log" | sed '/^RESULT /q' | tac
  return $code
}

# Whether a run that ended with exit code 4 was ended by the job's time, not by a limit of its own.
stopped_by_job() {
  local left
  [ $cancelled = no ] || return 1
  [ $signals -eq 0 ] || return 0
  left=$(seconds_left)
  [ "${limit_is_the_jobs:-no}" = yes ] && [ "${left:-0}" -le $((STOP_BEFORE + 5)) ]
}

# ---- the end ----

# job_ends CODE: ends the job with this exit code; where the job's time ended it (code 4), the job goes back into the
# queue first, MAX_RESTARTS times at most.
job_ends() {
  local code=$1 restarts=${SLURM_RESTART_COUNT:-0}
  if [ "$code" -eq 4 ] && stopped_by_job; then
    if [ "$restarts" -ge "$MAX_RESTARTS" ]; then
      say "stopped in time, for the last time: MAX_RESTARTS=$MAX_RESTARTS; to go on: RESULTS=$results sbatch ..."
    elif scontrol requeue "$this_job"; then
      say "stopped in time and back in the queue (restart $((restarts + 1)) of $MAX_RESTARTS)"
    else
      say "cannot be requeued here; to go on from the checkpoint: RESULTS=$results sbatch ..."
    fi
  fi
  say "$(date '+%F %T'), exit code $code"
  exit "$code"
}

# ---- sweeps over many runs ----

readable_problem() { [ -r "$1" ] || fail "the problem $1 cannot be read from $PWD on $(hostname)"; }

# add_row FILE HEADER ROW: a line to a CSV file, which begins with the header.
add_row() {
  [ -s "$1" ] || printf '%s\n' "$2" >"$1"
  printf '%s\n' "$3" >>"$1"
}

# Sets RANKS to powers of two up to the allocation's number of ranks, and that number, unless the user chose.
sweep_ranks() {
  local ranks=1
  if [ -n "${RANKS:-}" ]; then
    [[ $RANKS =~ ^[0-9\ ]+$ ]] || fail "RANKS is '$RANKS', needs to be numbers separated by spaces"
    for ranks in $RANKS; do
      [ "$ranks" -le "$SLURM_NTASKS" ] || fail "RANKS has $ranks, but the allocation has $SLURM_NTASKS ranks (--ntasks)"
    done
    return
  fi
  while [ $ranks -lt "$SLURM_NTASKS" ]; do
    RANKS+="$ranks "
    ranks=$((2 * ranks))
  done
  RANKS+=$SLURM_NTASKS
}

# generate_once NAME RANKS OPTION...: RESULTS/NAME.h5 and NAME.answer.txt, unless they are there already.
generate_once() {
  local name=$1 ranks=$2
  shift 2
  [ ! -s "$results/$name.h5" ] || return 0
  run_on "$ranks" "$results/$name.generate.txt" "$results/$name.generate.txt.err" "$PROGRAM" generate \
    --output "$results/$name.h5" --answer "$results/$name.answer.txt" --check-pairs no --quiet "$@" && return
  local code=$?
  cat "$results/$name.generate.txt.err" >&2
  return $code
}

# solve_once NAME RANKS PROBLEM OPTION...: a solve without checkpoints, which would cost time. Its log: RESULTS/NAME.log.
solve_once() {
  local name=$1 ranks=$2 problem=$3 code=0 settings
  shift 3
  local command=("$PROGRAM" solve "$problem" --config "$CONFIG" --log table "$@")
  settings=$("$PROGRAM" solve problem.h5 --config "$CONFIG" --print-config) || return $?
  limit_time "$(to_seconds "$(sed -n 's/^time-limit = //p' <<<"$settings")")"
  if [ "$limit_is_the_jobs" = yes ] && [ "$time_limit" -le 0 ]; then return 4; fi
  rm -f "$results/$name.log"
  run_on "$ranks" "$results/$name.permutation.txt" "$results/$name.log" "${command[@]}" --time-limit "${time_limit}s" ||
    code=$?
  case $code in
    0 | 3 | 4) ;;
    *) tail -n 20 "$results/$name.log" >&2 ;;
  esac
  return $code
}

# swept KIND,RANKS,BLOCKS,REPEAT: whether the sweep has this run already.
swept() { [ -f "$results/sweep.csv" ] && grep -q "^$1," "$results/sweep.csv"; }

# add_sweep_row KIND RANKS BLOCKS REPEAT NAME: what the run's log says, into the sweep.
add_sweep_row() {
  local blocks=$3
  [ -n "$blocks" ] || blocks=$(sed -n 's/^network *\([0-9]*\) block.*/\1/p' "$results/$5.log")
  add_row "$results/sweep.csv" kind,ranks,blocks,repeat,status,evaluations,search_seconds,total_seconds \
    "$1,$2,$blocks,$4,$(result "$results/$5.log" status evaluations search_seconds total_seconds)"
}

# add_failed_row KIND RANKS BLOCKS REPEAT CODE: a run that came to nothing, into a table of its own; the sweep goes on.
add_failed_row() {
  say "$1 scaling: the run on $2 ranks failed with code $5; the sweep goes on"
  add_row "$results/failed.csv" kind,ranks,blocks,repeat,exit "$1,$2,$3,$4,$5"
}

# swept_run KIND RANKS BLOCKS REPEAT NAME CODE: what became of a run of the sweep whose solve ended with CODE; sets `code`
# where it was not solved. Ends the job where the job's time is over.
swept_run() {
  case $6 in
    0 | 3) add_sweep_row "$1" "$2" "$3" "$4" "$5" ;;
    4)
      if stopped_by_job || [ ! -s "$results/$5.log" ]; then job_ends 4; fi
      add_sweep_row "$1" "$2" "$3" "$4" "$5" ;;
    *) add_failed_row "$1" "$2" "$3" "$4" "$6" ;;
  esac
  [ "$6" -eq 0 ] || code=3
}

draw_sweep() {
  if command -v python3 >/dev/null; then
    python3 "$repository/jobs/sweep.py" "$results/sweep.csv" | tee "$results/table.txt" ||
      say "no table for the reason above; the numbers are in $results/sweep.csv"
  else
    say "no python3 here; elsewhere: jobs/sweep.py $results/sweep.csv"
  fi
  "$PROGRAM" report "$results/sweep.csv" --output "$results/sweep.html" --quiet ||
    say "no page for the reason above; elsewhere: kintsugi report $results/sweep.csv -o sweep.html"
}
