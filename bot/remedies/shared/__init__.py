"""What all actions share: how a workload, its pods and those who look after it are read, and how a change is shown."""
