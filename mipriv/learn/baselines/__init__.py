"""What MID is compared with: defences that are older, simpler or blunter."""
