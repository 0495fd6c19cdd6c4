// The driver's interface by CUDA's runtime library, which is linked statically and loads without a driver.
#include "backends/cuda/runtime.h"

#include <cuda_runtime.h>

#include <atomic>
#include <cstdlib>
#include <cstring>

namespace tenon::cuda::runtime {

const bool kWithLibraries = true;

namespace {

// Whether the device is of no use to this process afterwards: what a kernel did, and what befell the hardware.
bool is_final(cudaError_t e) {
  switch (e) {
    case cudaErrorIllegalAddress:
    case cudaErrorMisalignedAddress:
    case cudaErrorInvalidAddressSpace:
    case cudaErrorInvalidPc:
    case cudaErrorIllegalInstruction:
    case cudaErrorHardwareStackError:
    case cudaErrorLaunchFailure:
    case cudaErrorLaunchTimeout:
    case cudaErrorAssert:
    case cudaErrorECCUncorrectable:
    case cudaErrorNvlinkUncorrectable:
    case cudaErrorDevicesUnavailable:
    case cudaErrorContextIsDestroyed: return true;
    default: return false;
  }
}

// The error is taken from the thread, so that the next call does not report it again.
Result result(cudaError_t e) {
  if (e == cudaSuccess) return {};
  (void)cudaGetLastError();
  return {static_cast<int>(e), e == cudaErrorMemoryAllocation, cudaGetErrorString(e), is_final(e)};
}
cudaStream_t stream_of(void* s) { return static_cast<cudaStream_t>(s); }
cudaEvent_t event_of(void* e) { return static_cast<cudaEvent_t>(e); }

Result query(cudaError_t e, bool* done) {
  *done = e == cudaSuccess;
  if (e != cudaErrorNotReady) return result(e);
  (void)cudaGetLastError();
  return {};
}

}  // namespace

int device_count() noexcept {
  int n = 0;
  if (cudaGetDeviceCount(&n) == cudaSuccess) return n;
  (void)cudaGetLastError();
  return 0;
}
// Other libraries set it, too, so it is asked for and not remembered.
int current_device() noexcept {
  int device = -1;
  if (cudaGetDevice(&device) == cudaSuccess) return device;
  (void)cudaGetLastError();
  return -1;
}
Result use_device(int device) { return device == current_device() ? Result{} : result(cudaSetDevice(device)); }
Result properties(int device, DeviceProperties* out) {
  cudaDeviceProp p{};
  const Result r = result(cudaGetDeviceProperties(&p, device));
  if (r.code != 0) return r;
  *out = {};
  std::strncpy(out->name, p.name, sizeof out->name - 1);
  out->total_memory = static_cast<std::int64_t>(p.totalGlobalMem);
  out->multiprocessors = p.multiProcessorCount;
  out->major = p.major;
  out->minor = p.minor;
  return {};
}
Result memory_info(int, MemoryInfo* out) {
  std::size_t free = 0, total = 0;
  const Result r = result(cudaMemGetInfo(&free, &total));
  *out = {static_cast<std::int64_t>(free), static_cast<std::int64_t>(total)};
  return r;
}
Result device_wait(int) { return result(cudaDeviceSynchronize()); }

Result stream_create(void** stream) {
  cudaStream_t s = nullptr;
  const Result r = result(cudaStreamCreateWithFlags(&s, cudaStreamNonBlocking));
  *stream = s;
  return r;
}
Result stream_query(void* stream, bool* done) { return query(cudaStreamQuery(stream_of(stream)), done); }
Result stream_wait(void* stream) { return result(cudaStreamSynchronize(stream_of(stream))); }
Result stream_callback(void* stream, void (*f)(void*), void* context) {
  return result(cudaLaunchHostFunc(stream_of(stream), f, context));
}
bool stream_exists(std::uintptr_t handle) {
  unsigned flags = 0;
  return result(cudaStreamGetFlags(reinterpret_cast<cudaStream_t>(handle), &flags)).code == 0;
}

Result event_create(bool timing, void** event) {
  cudaEvent_t e = nullptr;
  const Result r = result(cudaEventCreateWithFlags(&e, timing ? cudaEventDefault : cudaEventDisableTiming));
  *event = e;
  return r;
}
void event_destroy(void* event) { (void)result(cudaEventDestroy(event_of(event))); }
Result event_record(void* event, void* stream) { return result(cudaEventRecord(event_of(event), stream_of(stream))); }
Result event_wait(void* event, void* stream) {
  return result(cudaStreamWaitEvent(stream_of(stream), event_of(event), 0));
}
Result event_query(void* event, bool* done) { return query(cudaEventQuery(event_of(event)), done); }
Result event_synchronize(void* event) { return result(cudaEventSynchronize(event_of(event))); }
Result event_elapsed(void* from, void* to, float* milliseconds) {
  return result(cudaEventElapsedTime(milliseconds, event_of(from), event_of(to)));
}

Result allocate(std::int64_t bytes, void** out) { return result(cudaMalloc(out, static_cast<std::size_t>(bytes))); }
Result release(void* data) { return result(cudaFree(data)); }
Result allocate_shared(std::size_t bytes, void** out) {
  const Result r = result(cudaHostAlloc(out, bytes, cudaHostAllocMapped | cudaHostAllocPortable));
  if (r.code == 0) std::memset(*out, 0, bytes);
  return r;
}
Result copy(void* stream, const CopyCall& c) {
  const auto bytes = static_cast<std::size_t>(c.bytes);
  if (c.kind == Copy::to_peer && c.src_device != c.dst_device)
    return result(cudaMemcpyPeerAsync(c.dst, c.dst_device, c.src, c.src_device, bytes, stream_of(stream)));
  const cudaMemcpyKind kind = c.kind == Copy::to_device ? cudaMemcpyHostToDevice
                              : c.kind == Copy::to_host ? cudaMemcpyDeviceToHost
                                                        : cudaMemcpyDeviceToDevice;
  return result(cudaMemcpyAsync(c.dst, c.src, bytes, kind, stream_of(stream)));
}
Result fill_zero(void* stream, void* data, std::int64_t bytes) {
  return result(cudaMemsetAsync(data, 0, static_cast<std::size_t>(bytes), stream_of(stream)));
}
Result read_back(void* stream, void* host, const void* device, std::int64_t bytes) {
  const Result r =
      result(cudaMemcpyAsync(host, device, static_cast<std::size_t>(bytes), cudaMemcpyDeviceToHost, stream_of(stream)));
  return r.code != 0 ? r : stream_wait(stream);
}
Result pin(void* data, std::int64_t bytes) {
  return result(cudaHostRegister(data, static_cast<std::size_t>(bytes), cudaHostRegisterPortable));
}
Result unpin(void* data) { return result(cudaHostUnregister(data)); }
Result device_at(const void* data, int* device) {
  cudaPointerAttributes a{};
  const Result r = result(cudaPointerGetAttributes(&a, data));
  *device = a.type == cudaMemoryTypeDevice || a.type == cudaMemoryTypeManaged ? a.device : -1;
  return r;
}
// ---- unified memory ----

namespace {

bool ability(int device, cudaDeviceAttr attribute) {
  int value = 0;
  return result(cudaDeviceGetAttribute(&value, attribute, device)).code == 0 && value != 0;
}

// Page tables of the host's, as on Grace: memory of the process is as good as any. Managed memory where the host may touch
// it while kernels run; elsewhere it must not be used at all. Page-locked memory otherwise.
UnifiedWay way_of(int device) {
  if (ability(device, cudaDevAttrPageableMemoryAccessUsesHostPageTables)) return UnifiedWay::system;
  if (ability(device, cudaDevAttrConcurrentManagedAccess)) return UnifiedWay::managed;
  if (ability(device, cudaDevAttrPageableMemoryAccess)) return UnifiedWay::system;
  return ability(device, cudaDevAttrCanMapHostMemory) ? UnifiedWay::pinned : UnifiedWay::none;
}

// Asked for often, and never another.
UnifiedWay known_way(int device) {
  constexpr int kDevices = 128;
  static std::atomic<int> known[kDevices] = {};  // the way and 1
  if (device < 0 || device >= kDevices) return UnifiedWay::none;
  if (const int k = known[device].load(); k != 0) return static_cast<UnifiedWay>(k - 1);
  const UnifiedWay way = way_of(device);
  known[device] = static_cast<int>(way) + 1;
  return way;
}

}  // namespace

Result unified_memory(int device, UnifiedMemory* out) {
  *out = {};
  out->way = known_way(device);
  out->reads_host = ability(device, cudaDevAttrPageableMemoryAccess);
  const char* why = "";
  switch (out->way) {
    case UnifiedWay::system:
      why = ability(device, cudaDevAttrPageableMemoryAccessUsesHostPageTables)
                ? "the device uses the host's page tables (ATS)"
                : "the device reads the host's pages (HMM), and managed memory is not for both at once";
      break;
    case UnifiedWay::managed:
      why = out->reads_host
                ? "the driver moves pages of all memory of the process (HMM)"
                : "the driver moves managed pages only: HMM needs Linux 6.1 or later and NVIDIA's open kernel modules";
      break;
    case UnifiedWay::pinned: why = "the host may not touch managed memory while kernels run here"; break;
    case UnifiedWay::none: why = "the device can neither use managed memory nor map the host's"; break;
  }
  std::strncpy(out->why, why, sizeof out->why - 1);
  return {};
}

Result allocate_unified(std::int64_t bytes, void** out) {
  const auto n = static_cast<std::size_t>(bytes);
  const int device = current_device();
  switch (known_way(device)) {
    case UnifiedWay::managed: {
      // More than the device has would make its pages come and go, which can stop it.
      std::size_t free = 0, total = 0;
      if (const Result r = result(cudaMemGetInfo(&free, &total)); r.code != 0) return r;
      if (n > free / 5 * 4) return result(cudaErrorMemoryAllocation);
      const Result r = result(cudaMallocManaged(out, n, cudaMemAttachGlobal));
      if (r.code != 0) return r;
      // The device keeps its mapping of pages that the host looks at now and then. It is advice only.
      cudaMemLocation here{};
      here.type = cudaMemLocationTypeDevice;
      here.id = device;
      (void)result(cudaMemAdvise(*out, n, cudaMemAdviseSetAccessedBy, here));
      return r;
    }
    case UnifiedWay::system:
      *out = std::aligned_alloc(4096, (n + 4095) / 4096 * 4096);
      return *out ? Result{} : result(cudaErrorMemoryAllocation);
    case UnifiedWay::pinned: return result(cudaHostAlloc(out, n, cudaHostAllocMapped | cudaHostAllocPortable));
    case UnifiedWay::none: break;
  }
  return result(cudaErrorNotSupported);
}

Result release_unified(void* data) {
  switch (known_way(current_device())) {
    case UnifiedWay::pinned: return result(cudaFreeHost(data));
    // What the device still does with it must be over: the other two wait themselves.
    case UnifiedWay::system: {
      const Result r = result(cudaDeviceSynchronize());
      std::free(data);
      return r;
    }
    default: return result(cudaFree(data));
  }
}

Result prefetch(void* stream, void* data, std::int64_t bytes, int device, bool to_host) {
  if (known_way(device) == UnifiedWay::pinned) return {};
  cudaMemLocation to{};
  to.type = to_host ? cudaMemLocationTypeHost : cudaMemLocationTypeDevice;
  to.id = to_host ? 0 : device;
  return result(cudaMemPrefetchAsync(data, static_cast<std::size_t>(bytes), to, 0, stream_of(stream)));
}

void begin_use(void*, void*, std::int64_t) {}
void end_use(void*, void*, std::int64_t) {}

// Relaxed: what would wait is refused before it comes here, and the allocator may ask the driver for memory.
Result capture_begin(void* stream) {
  return result(cudaStreamBeginCapture(stream_of(stream), cudaStreamCaptureModeRelaxed));
}
Result capture_id(void* stream, std::uint64_t* id) {
  *id = 0;
  if (reinterpret_cast<std::uintptr_t>(stream) <= 2)
    return {};  // default streams are not captured, and may not be asked
  cudaStreamCaptureStatus status = cudaStreamCaptureStatusNone;
  unsigned long long number = 0;
  const Result r = result(cudaStreamGetCaptureInfo(stream_of(stream), &status, &number));
  if (status != cudaStreamCaptureStatusNone) *id = number;
  return r;
}
Result capture_end(void* stream, void** graph) {
  *graph = nullptr;
  cudaGraph_t recorded = nullptr;
  Result r = result(cudaStreamEndCapture(stream_of(stream), &recorded));
  if (r.code != 0) return r;
  cudaGraphExec_t runnable = nullptr;
  r = result(cudaGraphInstantiate(&runnable, recorded, 0));
  (void)result(cudaGraphDestroy(recorded));
  *graph = runnable;
  return r;
}
Result graph_launch(void* graph, void* stream) {
  return result(cudaGraphLaunch(static_cast<cudaGraphExec_t>(graph), stream_of(stream)));
}
void graph_destroy(void* graph) { (void)result(cudaGraphExecDestroy(static_cast<cudaGraphExec_t>(graph))); }

Result launch(void* stream, const void* kernel, unsigned blocks, unsigned threads, std::size_t shared_bytes,
              void** arguments) {
  // Beyond 48 KB only where it is asked for.
  if (shared_bytes > 48 * 1024) {
    const Result r = result(
        cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, static_cast<int>(shared_bytes)));
    if (r.code != 0) return r;
  }
  return result(cudaLaunchKernel(kernel, dim3(blocks), dim3(threads), arguments, shared_bytes, stream_of(stream)));
}

}  // namespace tenon::cuda::runtime
