"""``python -m tests.calibration [patients] [model ...]``: the calibration of every model, as a table."""

import sys

import numpy as np

from tests.calibration.study import calibrate, calibrated_models


def main() -> None:
    patients = int(sys.argv[1]) if len(sys.argv) > 1 else 400
    wanted = sys.argv[2:] or calibrated_models()
    write = sys.stdout.write
    write(f"{patients} simulated patients a model; least p of the chi-square tests, and coverage of 50 and 90 %\n\n")
    write(f"{'model':42s} {'quantities':>10s} {'least p':>8s} {'50 %':>12s} {'90 %':>12s} {'chains':>7s}\n")
    chances = []
    for model_id in wanted:
        found = calibrate(model_id, patients=patients)
        half, most = (found.coverage(level) for level in (0.5, 0.9))
        chances.append(found.p_values)
        write(
            f"{model_id:42s} {len(found.names):10d} {found.p_values.min():8.4f} "
            f"{half.min():5.0%} to {half.max():3.0%} {most.min():5.0%} to {most.max():3.0%} {found.chains:7d}\n"
        )
        sys.stdout.flush()
    every = np.concatenate(chances)
    write(
        f"\n{every.size} tests, {np.mean(every < 0.05):.1%} below 0.05 (5 % if all is right), least {every.min():.2g}\n"
    )


if __name__ == "__main__":
    main()
