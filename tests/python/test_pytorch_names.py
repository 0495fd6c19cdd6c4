"""What PyTorch's modules have and tenon's lack: each such name is left out on purpose, so that a
new gap is seen."""

import importlib
import types

import pytest
import tenon

torch = pytest.importorskip("torch")

#: Reasons, and the names that are left out for them, by module. docs/from-pytorch.md tells them.
OMITTED = {
    "nn": {
        "parallel and quantized layers": ("DataParallel intrinsic parallel qat quantizable quantized"),
        "PyTorch's own modules and helpers": "Container common_types factory_kwargs modules",
    },
    "nn.functional": {
        "float8 and grouped products": "ScalingType SwizzleType grouped_mm scaled_grouped_mm scaled_mm",
        "PyTorch's own helpers": (
            "BroadcastingList1 BroadcastingList2 BroadcastingList3 GRID_SAMPLE_INTERPOLATION_MODES "
            "GRID_SAMPLE_PADDING_MODES Tensor assert_int_or_pair boolean_dispatch handle_torch_function "
            "has_torch_function has_torch_function_unary has_torch_function_variadic reproducibility_notes "
            "sparse_support_notes tf32_notes"
        ),
        "return_indices=True has them": (
            "adaptive_max_pool1d_with_indices adaptive_max_pool2d_with_indices "
            "adaptive_max_pool3d_with_indices"
        ),
        "layouts with time first": "conv_tbc",
    },
    "nn.init": {
        "deprecated names of those that end in _": (
            "constant dirac eye kaiming_normal kaiming_uniform normal orthogonal sparse uniform "
            "xavier_normal "
            "xavier_uniform"
        ),
    },
    "nn.utils": {
        "PyTorch's own modules, whose functions are here": (
            "clip_grad convert_parameters fusion init memory_format"
        ),
        "channels-last memory": "convert_conv2d_weight_memory_format convert_conv3d_weight_memory_format",
    },
    "nn.utils.parametrize": {
        "PyTorch's own helpers": (
            "OpaqueBase get_swap_module_params_on_conversion is_opaque_reference_type "
            "is_traceable_wrapper_subclass "
            "transfer_parametrizations_and_params"
        ),
    },
    "nn.utils.parametrizations": {},
    "nn.utils.prune": {},
    "nn.utils.rnn": {"PyTorch's own helpers": "PackedSequence_ bind copy_method_params"},
    "nn.parameter": {"PyTorch's own helpers": "UninitializedTensorMixin"},
    "optim": {
        "sparse gradients": "SparseAdam",
        "PyTorch's own helpers": "swap_in_optimizer_params_and_state",
    },
    "optim.lr_scheduler": {"PyTorch's own helpers": "Optimizer Tensor inf"},
    "optim.swa_utils": {"PyTorch's own helpers": "Module"},
    "utils.data": {
        "data pipes, which PyTorch has given up": (
            "DFIterDataPipe DataChunk IterDataPipe MapDataPipe argument_validation datapipes "
            "functional_datapipe "
            "graph graph_settings guaranteed_datapipes_determinism non_deterministic runtime_validation "
            "runtime_validation_disabled"
        ),
    },
    "distributions": {
        "PyTorch's own modules, whose classes are here": (
            "beta binomial chi2 exp_family fishersnedecor "
            "geometric gumbel half_cauchy half_normal inverse_gamma kumaraswamy "
            "log_normal logistic_normal lowrank_multivariate_normal mixture_same_family "
            "negative_binomial one_hot_categorical pareto poisson relaxed_bernoulli relaxed_categorical "
            "studentT "
            "utils weibull"
        ),
    },
    "distributions.constraints": {"not built": "MixtureSameFamilyConstraint"},
    "distributions.transforms": {
        "PyTorch's own helpers": (
            "Distribution broadcast_all lazy_property pad softplus tril_matrix_to_vec vec_to_tril_matrix"
        ),
    },
    "linalg": {"PyTorch's own helpers": "common_notes"},
    "special": {
        "PyTorch's own helpers": "common_args multi_dim_common",
    },
    "autograd": {
        "forward mode": "forward_ad",
        "the profiler": (
            "DeviceType ProfilerActivity ProfilerConfig ProfilerEvent ProfilerState kineto_available "
            "profiler "
            "profiler_legacy profiler_util"
        ),
        "PyTorch's own modules and helpers": (
            "NestedIOFunction SavedTensor enforce_grad_layout_policy grad_mode "
            "handle_torch_function "
            "has_torch_function is_multithreading_enabled is_tensor_like is_view_replay_enabled "
            "set_multithreading_enabled variable"
        ),
    },
    "autograd.functional": {},
    "signal": {},
    "signal.windows": {"PyTorch's own modules": "windows"},
    "nn.utils.stateless": {"PyTorch's own helpers": "NamedMemberAccessor Tensor"},
    "nn.grad": {},
    "utils.dlpack": {"PyTorch's own helpers": "DLDeviceType"},
    "version": {"builds that tenon has not": "rocm xpu"},
    "backends": {
        "libraries and devices that tenon does not use": (
            "cpu cusparselt kleidiai m mha miopen nnpack python_native quantized"
        ),
    },
    "testing": {
        "deprecated; assert_close is here": "assert_allclose",
        "PyTorch's own": "FileCheck",
    },
    "func": {
        "einops.rearrange takes tensors": "rearrange",
        "PyTorch's tracer and its tensors": "debug_unwrap functionalize",
    },
}


def public(module):
    """The public names that belong to PyTorch."""
    found = set(getattr(module, "__all__", ()))
    for name, value in vars(module).items():
        if isinstance(value, types.ModuleType):
            if value.__name__.startswith(module.__name__):
                found.add(name)
        elif not isinstance(value, bool | int | str | None):
            own = str(getattr(value, "__module__", None) or "torch").startswith("torch")
            found |= {name} if own else set()
    return {n for n in found if not n.startswith("_")}


@pytest.mark.parametrize("module", OMITTED)
def test_every_name_is_here_or_is_left_out_on_purpose(module):
    theirs, ours = importlib.import_module(f"torch.{module}"), tenon
    for part in module.split("."):
        ours = getattr(ours, part)
    missing = {n for n in public(theirs) if not hasattr(ours, n)} - {
        "xnnpack"
    }  # which comes with PyTorch's tests
    named = [n for names in OMITTED[module].values() for n in names.split()]
    assert len(named) == len(set(named))
    version = tuple(map(int, torch.__version__.split("+")[0].split(".")[:2]))
    if version < (2, 13):  # older ones lack some
        assert missing <= set(named)
    else:
        assert missing == set(named)


#: The functions of torch and the methods of torch.Tensor that are left out, by the reason.
OMITTED_FUNCTIONS = {
    "copies by the names of views; .clone() makes one": (
        "alias_copy as_strided_copy detach_copy diagonal_copy expand_copy permute_copy select_copy "
        "slice_copy split_copy split_with_sizes_copy squeeze_copy t_copy transpose_copy unbind_copy "
        "unfold_copy unsqueeze_copy view_as_complex_copy view_as_real_copy view_copy"
    ),
    "sparse tensors": (
        "col_indices_copy crow_indices_copy hspmm indices_copy smm sparse_bsc_tensor sparse_bsr_tensor "
        "sparse_compressed_tensor sparse_coo_tensor sparse_csc_tensor sparse_csr_tensor sspaddmm values_copy"
    ),
    "quantized tensors": (
        "dequantize fake_quantize_per_channel_affine fake_quantize_per_tensor_affine quantize_per_channel "
        "quantize_per_tensor quantize_per_tensor_dynamic quantized_batch_norm quantized_max_pool1d "
        "quantized_max_pool2d"
    ),
    "PyTorch's compiler, tracer and scripts": (
        "cond fork import_ir_module import_ir_module_from_buffer merge_type_from_type_comment "
        "parse_ir parse_schema parse_type_comment sym_float sym_int sym_ite sym_max sym_min sym_not sym_sum "
        "unify_type_list wait while_loop"
    ),
    "PyTorch's own": (
        "compiled_with_cxx11_abi get_device_module init_num_threads is_inference is_inference_mode_enabled "
        "native_channel_shuffle thread_safe_generator to_dlpack"
    ),
    "deprecated; linalg has its own": "geqrf lobpcg orgqr ormqr triangular_solve",
    "not built": "conv_tbc from_file hash_tensor histogramdd segment_reduce",
}
OMITTED_METHODS = {
    "sparse tensors": (
        "ccol_indices coalesce col_indices crow_indices dense_dim indices is_coalesced resize_as_sparse_ "
        "row_indices smm sparse_dim sparse_mask sparse_resize_ sparse_resize_and_clear_ sspaddmm to_dense "
        "to_sparse to_sparse_bsc to_sparse_bsr to_sparse_coo to_sparse_csc to_sparse_csr values"
    ),
    "quantized tensors": (
        "dequantize int_repr q_per_channel_axis q_per_channel_scales q_per_channel_zero_points q_scale "
        "q_zero_point qscheme"
    ),
    "devices that tenon does not know": "ipu is_ipu is_maia is_mtia is_vulkan is_xla mtia to_mkldnn xpu",
    "PyTorch's storages; tenon.explain() tells of memory": (
        "as_strided_ const_data_ptr dim_order is_set_to set_ storage storage_type untyped_storage"
    ),
    "deprecated": "eig lstsq reinforce resize resize_as solve symeig volatile",
    "PyTorch's own": (
        "grad_dtype index is_distributed is_inference module_load name output_nr slice_inverse "
        "to_padded_tensor unsafe_split_with_sizes"
    ),
    "functions": "geqrf lu orgqr ormqr prelu triangular_solve",
    "not built": "chalf hash_tensor",
}


def is_documented(f):
    return callable(f) and not isinstance(f, type) and isinstance(f.__doc__, str) and f.__doc__ != ""


@pytest.mark.parametrize("omitted", [OMITTED_FUNCTIONS, OMITTED_METHODS])
def test_every_function_and_method_is_here_or_is_left_out_on_purpose(omitted):
    if omitted is OMITTED_FUNCTIONS:
        theirs = [n for n in dir(torch) if is_documented(getattr(torch, n))]
        missing = {n for n in theirs if not n.startswith("_") and not hasattr(tenon, n)}
    else:
        missing = {n for n in dir(torch.Tensor) if not n.startswith("_") and not hasattr(tenon.Tensor, n)}
    named = [n for names in omitted.values() for n in names.split()]
    assert len(named) == len(set(named))
    if tuple(map(int, torch.__version__.split("+")[0].split(".")[:2])) < (2, 13):
        assert missing <= set(named)
    else:
        assert missing == set(named)
