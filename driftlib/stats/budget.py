"""Say how many false alarms a run may have, where nothing is asked for."""

# Share of runs of so many windows without a change in which there may be an alarm: half of it
# for drift, half for performance.
BUDGET, RUN_WINDOWS = 0.05, 52
