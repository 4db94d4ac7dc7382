"""Refusals by the check for chest radiographs, of what is none and of what is one."""
