"""`python -m mipriv`."""

from mipriv.cli import main

if __name__ == "__main__":
    main()
