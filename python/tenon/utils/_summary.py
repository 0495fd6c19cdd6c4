class ModelSummary: pass
def summary(): pass
