"""`python -m app` is `chronos`."""

from app.cli.serve import main

if __name__ == "__main__":
    main()
