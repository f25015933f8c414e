# %% [markdown]
# A solved puzzle in Python, cell by cell (Jupyter, VS Code and Spyder know the marks `# %%`). Run it in a folder with
# problem.h5 and solution.h5, as `kintsugi solve FOLDER` leaves them, or name that folder:
#
#     python3 notebook.py [FOLDER]

# %%
import pathlib
import sys

import kintsugi
import matplotlib
import numpy as np

if not hasattr(sys, "ps1"):
    matplotlib.use("Agg")  # no screen is needed
folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".")
problem = kintsugi.read(folder / "problem.h5")
solution = kintsugi.read(folder / "solution.h5")
print(problem.shapes.groupby(["out", "in"]).size())
print("status", solution.attributes["status"], "after", solution.attributes["evaluations"], "evaluations")

# %% How the search went, step by step
steps = solution["trajectory"]
print(steps.groupby("event", observed=True)[["moves"]].sum())

# %% Which neighbours are least sure
print(solution["margins"].nsmallest(3, "z")[["position", "first_expand", "second_expand", "z"]])

# %% The figures
kintsugi.plot(solution).savefig(folder / "solution.png")

# %% The network itself: it predicts what the original did
network = kintsugi.Network(problem, solution)
inputs, predictions = problem["data/inputs"], problem["data/predictions"]
errors = network.predict(inputs) - predictions
print(f"mean squared error {np.mean(errors**2):.3e}, largest {np.abs(errors).max():.3e}")

# %% How far each block moves the state, from the first to the last
states = network.states(inputs)
moved = [np.linalg.norm(after - before, axis=1).mean() for before, after in zip(states, states[1:])]
print("the block that moves the state most is number", int(np.argmax(moved)), "of", len(moved))

# %% In PyTorch, where it is installed
try:
    model = network.to_torch()
    print(sum(parameter.numel() for parameter in model.parameters()), "parameters in PyTorch")
except kintsugi.Error as error:
    print(error)
