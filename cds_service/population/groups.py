def write(job, items): pass
