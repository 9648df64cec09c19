"""`python -m dev_tools.tick_model`: the table of `docs/decisions/ticks.md`; it takes minutes."""

from dev_tools.tick_model.nights import HEADING, SIZES, row

if __name__ == "__main__":
    print(HEADING)
    for clinics in SIZES:
        for spread in (False, True):
            for neo in ("usual", "slow"):
                print(row(clinics, neo, spread=spread), flush=True)
