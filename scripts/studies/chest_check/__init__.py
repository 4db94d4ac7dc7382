"""What the check for chest radiographs refuses, of what is none and of what is one."""
