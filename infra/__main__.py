"""`python -m infra`, as cdk.json says."""

from infra.app import main

main()
