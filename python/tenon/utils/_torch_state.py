def from_torch_state_dict(): pass
def to_torch_state_dict(): pass
