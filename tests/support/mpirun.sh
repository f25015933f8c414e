#!/usr/bin/env bash
# Starts a program under mpirun on this machine: mpirun.sh NP PROGRAM [ARGUMENT ...]
# More ranks than cores share them and yield while they wait; root is allowed, as in a container. Ranks that wait for each
# other are ended after MPIEXEC_TIMEOUT seconds, by default a minute before ctest's limit for a test.
set -eu
np=$1
shift
options=(--timeout "${MPIEXEC_TIMEOUT:-540}" --oversubscribe --bind-to none -np "$np" --mca mpi_yield_when_idle 1 --mca btl_base_warn_component_unused 0)
[ "$(id -u)" -ne 0 ] || options+=(--allow-run-as-root)
exec mpirun "${options[@]}" "$@"
