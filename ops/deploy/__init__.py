"""Deploys: an artefact, the gates before it, and what brings it onto a chain."""
