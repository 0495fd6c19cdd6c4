"""Arguments that mean the same in all operations: a name's type and text, and a type's errors.

The type counts where the row knows none. A row overrides a line with a sentence of its own: ``dim: an int``.
"""

# The stub's types in words.
TYPES = {
    "ArrayLike": "array_like",
    "_bool": "bool",
    "_int": "int",
    "_float": "float",
    "_str": "str",
    "Number": "number",
    "Ints": "int or ints",
    "DTypeLike": "dtype",
    "DeviceLike": "device or str",
    "Sequence[ArrayLike] | Tensor": "sequence of array_like",
    "_dtype": "dtype",
    "Function": "function",
    "Hook": "function",
    "Tensors": "Tensor or sequence of Tensors",
    "tuple[Tensor, ...]": "tuple of Tensors",
    "tuple[_int, ...]": "tuple of ints",
}

_OPERAND = (
    "array_like",
    "A tensor of any shape, or anything that tenon.asarray takes, with its errors; both operands broadcast.",
)
_INPUT = ("array_like", "A tensor of any shape, or anything that tenon.asarray takes, with its errors.")
_TENSORS = (
    "sequence of array_like",
    "A sequence of tensors, or one tensor along whose first dimension they stand.",
)
_AXES = "An int, negative ones from the end; several, or None for all, where the function takes them."
ONE_DIMENSION = "The dimension, an int; negative ones count from the end."

EVERYWHERE = {
    # ---- operands ----
    "input": _INPUT,
    "a": _INPUT,
    "x": _INPUT,
    "array": _INPUT,
    "A": _INPUT,
    "v": ("array_like", "A vector or a matrix."),
    "val": _INPUT,
    "arr": ("array_like", "A tensor of any shape, to which values are added."),
    "ary": ("array_like", "The array that is split, of one dimension at least."),
    "args": ("array_like", "Arrays whose shapes broadcast."),
    "self": ("Tensor", "The tensor."),
    "x1": _OPERAND,
    "x2": _OPERAND,
    "other": _OPERAND,
    "third": _OPERAND,
    "exponent": ("array_like", "The power; broadcasts with the base."),
    "tensors": _TENSORS,
    "arrays": _TENSORS,
    "tup": _TENSORS,
    "indices_or_sections": ("int or ints", "The number of parts, or the places between them."),
    "writeable": ("bool", "Ignored; NumPy's signature has it."),
    "condition": ("array_like", "A bool tensor that broadcasts."),
    "mask": ("array_like", "A bool tensor that broadcasts to the tensor's shape."),
    "value": ("number", "A number, or a tensor of one element; it is converted to the tensor's dtype."),
    "fill_value": ("number", "The value of all elements."),
    "tensor1": ("array_like", "The first factor; broadcasts with the other operands."),
    "tensor2": ("array_like", "The second factor or the divisor; broadcasts with the other operands."),
    "mat": ("array_like", "A matrix."),
    "mat1": ("array_like", "The matrix on the left."),
    "mat2": ("array_like", "The matrix on the right, with as many rows as the left one has columns."),
    "vec": ("array_like", "A vector, as long as the matrix has columns."),
    "vec1": ("array_like", "A vector, as long as the result has rows."),
    "vec2": ("array_like", "A vector, as long as the result has columns."),
    "batch1": ("array_like", "Matrices of shape (b, n, m)."),
    "batch2": ("array_like", "Matrices of shape (b, m, p)."),
    "source": ("array_like", "The values, with one place for each index along dim."),
    "src": ("array_like", "The values that are written; their shape is that of index."),
    "values": ("array_like", "The values that are written; they broadcast to the places."),
    "weight": ("array_like", "How far from input to end; 0 gives input, 1 gives end."),
    "end": ("number", "Where the values end."),
    "start": ("number", "Where the values start."),
    "step": ("number", "From one value to the next."),
    "steps": ("int", "The number of values."),
    "ar1": ("array_like", "The first set: any tensor, read as a flat one."),
    "ar2": ("array_like", "The second set: any tensor, read as a flat one."),
    "min": ("array_like", "The lower bound; None for none."),
    "max": ("array_like", "The upper bound; None for none."),
    # ---- along what ----
    "dim": ("int or ints", _AXES),
    "axis": ("int or ints", _AXES),
    "dims": ("int or ints", "The dimensions, each counted from the end where it is negative."),
    "axes": ("ints", "The dimensions, each counted from the end where it is negative."),
    "dim0": ("int", "The first of the two dimensions."),
    "dim1": ("int", "One of the two dimensions."),
    "dim2": ("int", "The other dimension."),
    "axis1": ("int", "One of the two dimensions."),
    "axis2": ("int", "The other dimension."),
    "keepdim": ("bool", "True keeps reduced dimensions with size 1."),
    "keepdims": ("bool", "True keeps reduced dimensions with size 1."),
    "size": ("int or ints", "The shape: ints, or one tuple of ints."),
    "shape": ("int or ints", "The shape: an int or a tuple of ints."),
    "index": ("array_like", "Positions along dim: a tensor of integers."),
    "indices": ("array_like", "Positions: integers, counted from the end where they are negative."),
    "offset": ("int", "The diagonal: 0 for the main one, positive above it, negative below it."),
    "diagonal": ("int", "The diagonal: 0 for the main one, positive above it, negative below it."),
    "k": ("int", "The diagonal: 0 for the main one, positive above it, negative below it."),
    # ---- how ----
    "dtype": (
        "dtype",
        "The dtype of the result, by object or name; None for the one that follows from the operands.",
    ),
    "device": (
        "device or str",
        "Where the result lies; None for the operand's device, or the CPU where there is none.",
    ),
    "out": (
        "Tensor or ndarray",
        "Memory of the result's shape, which is overwritten and returned. ValueError for another shape and "
        "read-only memory, TypeError for a dtype of a lower kind than the result's, RuntimeError where a "
        "gradient is recorded and for elements that share memory.",
    ),
    "requires_grad": ("bool", "True makes the result a leaf that collects gradients."),
    "generator": ("Generator", "What draws the numbers; None for tenon.default_generator."),
    "alpha": ("number", "A factor of the second operand, or of the product."),
    "beta": ("number", "A factor of input."),
    "correction": (
        "float",
        "The divisor is the number of elements minus this; 1 gives the unbiased estimate.",
    ),
    "ddof": ("float", "The divisor is the number of elements minus this; 1 gives the unbiased estimate."),
    "unbiased": ("bool", "PyTorch's older name: True for correction=1, False for correction=0."),
    "mean": ("array_like", "The mean where it is known already, with the reduced dimensions of size 1."),
    "initial": ("number", "The first operand, and the result of no elements."),
    "where": ("array_like", "A bool tensor of the elements that take part; it broadcasts."),
    "casting": ("str", "Which conversions are allowed: 'no', 'equiv', 'safe', 'same_kind' or 'unsafe'."),
    "order": ("str", "How a new result lies in memory: 'C', 'F', 'A' or 'K'."),
    "like": ("Tensor", "A tensor on whose device the result lies; None for the CPU."),
    "num": ("int", "The number of values."),
    "subok": ("bool", "Ignored; NumPy's signature has it."),
    "overwrite_input": ("bool", "Ignored; NumPy's signature has it."),
    "copy": ("bool", "True for a copy in any case, False to refuse one, None for one where it is needed."),
    "non_blocking": ("bool", "True returns before a copy to or from a device has ended."),
    "memory_format": (
        "str",
        "How the elements lie in memory: tenon.contiguous_format, preserve_format, channels_last or "
        "channels_last_3d.",
    ),
    "rounding_mode": ("str", "None, 'trunc' (towards zero, as C) or 'floor' (as //)."),
    "decimals": ("int", "How many decimals stay; negative ones round before the point."),
    "equal_nan": ("bool", "True where NaN equals NaN."),
    "rtol": ("float", "The relative tolerance."),
    "atol": ("float", "The absolute tolerance."),
    "stable": ("bool", "True keeps the order of equal elements."),
    "descending": ("bool", "True puts the largest first."),
    "sorted": ("bool", "Whether the results are in order."),
    "kind": ("str", "Taken as NumPy's; every sort here is stable."),
    "right": ("bool", "True counts a value on an edge to the bin on its right."),
    "side": ("str", "'left' or 'right': where a value goes that is equal to an element."),
    "weights": ("array_like", "What each element counts; None for 1."),
    "density": ("bool", "True divides so that the integral is 1."),
    "assume_unique": ("bool", "True where no input has an element twice; the search for them is left out."),
    "accumulate": ("bool", "True adds to the elements instead of overwriting them."),
    "dx": ("number", "The distance of neighbours, where x is not given."),
    "nan": ("number", "What replaces NaN."),
    "posinf": ("number", "What replaces infinity; None for the dtype's largest number."),
    "neginf": ("number", "What replaces minus infinity; None for the dtype's smallest number."),
    "threshold": ("number", "The value from which on the function changes."),
    "negative_slope": ("number", "The factor of negative elements."),
    "lambd": ("number", "The bound: elements in [-lambd, lambd] become 0."),
    "seed": ("int", "An int; it is taken modulo 2^64."),
    "low": ("number", "The lower bound, which is drawn."),
    "high": ("number", "The upper bound, which is not drawn."),
    "std": ("number", "The standard deviation."),
    "p": ("number", "The order of the norm."),
    "rowvar": ("bool", "True where each row is a variable, False where each column is."),
    "bias": ("bool", "True divides by the number of observations instead of one less."),
    "fweights": ("array_like", "How often each observation counts, as integers."),
    "aweights": ("array_like", "What each observation weighs."),
    "mode": ("str", "'raise', 'wrap' or 'clip': what happens to an index that is not there."),
    "n": ("int", "How many."),
    "m": ("int", "The number of columns; None for n."),
    "return_index": ("bool", "Whether the first positions are returned too."),
    "return_inverse": ("bool", "Whether the position of each element in the result is returned too."),
    "return_counts": ("bool", "Whether the number of each element is returned too."),
    "UPLO": ("str", "Which triangle is read, 'L' or 'U'; the other one is taken to be its adjoint."),
    "hermitian": ("bool", "True where the matrices are symmetric or Hermitian."),
    "rcond": (
        "float",
        "Singular values below rcond times the largest count as 0; None for the dtype's precision.",
    ),
    "s": ("ints", "The lengths along the axes: the input is cut or padded with zeros; None for its own."),
    "norm": (
        "str",
        "What is divided by n: 'backward' (the inverse transform), 'ortho' (both, by its root) or 'forward'; "
        "None for 'backward'.",
    ),
    "as_tuple": ("bool", "True for a tuple with one new 1-D tensor for each dimension."),
    "interpolation": ("str", "An older name of method."),
    "axis0": ("int", "One of the two dimensions."),
    "min_val": ("number", "The lower bound."),
    "max_val": ("number", "The upper bound."),
}


# The errors of an argument by the words of its type, where the operation names no such error itself.
_TYPE = {"TypeError": "For an argument of another type."}
_ONE = {
    **_TYPE,
    "ValueError": "For several elements where there must be one.",
    "RuntimeError": "For a tensor that requires grad in the place of a constant; use .detach().",
}
RAISES = {
    "array_like": _TYPE,
    "number": _ONE,
    "float": _ONE,
    "bool": _ONE,
    "int": {**_TYPE, "OverflowError": "For an int of more than 64 bits."},
    "str": _TYPE,
    "dtype": _TYPE,
    "device": {**_TYPE, "RuntimeError": "Where there is no such device."},
    "ndarray": {
        **_TYPE,
        "ValueError": "For out of another shape, or read-only.",
        "RuntimeError": "For out where a gradient is recorded.",
    },
}


def raised(types: list[str]) -> dict[str, str]:
    """The errors that arguments of these types raise everywhere."""
    errors: dict[str, str] = {}
    for type_ in types:
        for word in type_.replace(",", "").split() or ["array_like"]:
            for error, text in RAISES.get(word.removesuffix("s"), {}).items():
                errors.setdefault(error, text)
    return errors
