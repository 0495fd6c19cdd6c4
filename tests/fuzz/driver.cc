// What runs a fuzzer where there is no libFuzzer: the files of a folder, then inputs made of them by plain mutations. It
// does not see which code an input reaches; script/fuzz does.
//
//     fuzz_npy [--seconds N] [--runs N] [--seed N] [FOLDER | FILE]...
//
// An input that ends the process, or takes longer than 20 s, is left in ./crash-<fuzzer>.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
extern "C" [[gnu::weak]] void __sanitizer_set_death_callback(void (*callback)());

namespace {

using Input = std::vector<std::uint8_t>;

constexpr std::size_t kMost = 4096;
constexpr unsigned kSeconds = 20;  // for one input

Input g_current;
std::string g_left;

void leave_input() {
  const int fd = open(g_left.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (fd < 0 || write(fd, g_current.data(), g_current.size()) < 0) return;
  close(fd);
  constexpr char said[] = "fuzz: the input is left in ./crash-*\n";
  [[maybe_unused]] const auto done = write(2, said, sizeof said - 1);
}
void on_signal(int number) {
  leave_input();
  std::signal(number, SIG_DFL);
  std::raise(number);
}

void run(const Input& input) {
  g_current = input;
  alarm(kSeconds);
  LLVMFuzzerTestOneInput(g_current.data(), g_current.size());
}

class Mutator {
 public:
  Mutator(std::uint64_t seed, const std::vector<Input>& corpus) : random_(seed), corpus_(corpus) {}

  Input next() {
    Input x = corpus_[below(corpus_.size())];
    for (std::size_t steps = 1 + below(below(4) == 0 ? 16 : 4); steps > 0; --steps) change(x);
    x.resize(std::min(x.size(), kMost));
    return x;
  }

 private:
  std::size_t below(std::size_t n) { return n ? static_cast<std::size_t>(random_() % n) : 0; }
  std::uint8_t byte() { return static_cast<std::uint8_t>(random_()); }

  void change(Input& x) {
    if (x.empty()) return x.push_back(byte());
    const std::size_t at = below(x.size()), n = 1 + below(std::min<std::size_t>(x.size() - at, 32));
    const auto from = x.begin() + static_cast<std::ptrdiff_t>(at), to = from + static_cast<std::ptrdiff_t>(n);
    switch (below(9)) {
      case 0: x[at] ^= static_cast<std::uint8_t>(1u << below(8)); break;
      case 1: x[at] = byte(); break;
      case 2: x[at] = static_cast<std::uint8_t>(x[at] + (below(2) ? 1 : -1)); break;
      case 3: x.erase(from, to); break;
      case 4: x.insert(from, n, byte()); break;
      case 5: {
        const Input part(from, to);
        const auto place = x.begin() + static_cast<std::ptrdiff_t>(below(x.size()));
        x.insert(place, part.begin(), part.end());
        break;
      }
      case 6: number(x, at); break;
      case 7: digits(x, at); break;
      default: {  // the end of another
        const Input& other = corpus_[below(corpus_.size())];
        const std::size_t where = below(other.size() + 1);
        x.resize(at);
        x.insert(x.end(), other.begin() + static_cast<std::ptrdiff_t>(where), other.end());
      }
    }
  }
  // A size or an offset in binary, at its limits.
  void number(Input& x, std::size_t at) {
    const std::uint64_t limits[] = {0,          1,        0x7f,         0x80,       0xff,        0x7fff,     0xffff,
                                    0x7fffffff, 1u << 31, 0xffffffff,   1ull << 32, 1ull << 61,  1ull << 62, INT64_MAX,
                                    1ull << 63, ~0ull,    x.size() - 1, x.size(),   x.size() + 1};
    const std::uint64_t value = limits[below(std::size(limits))];
    std::memcpy(x.data() + at, &value, std::min({x.size() - at, std::size_t{1} << below(4), sizeof value}));
  }
  // One in text, as headers have it.
  void digits(Input& x, std::size_t at) {
    static constexpr const char* kTexts[] = {"0", "-1", "9223372036854775807", "18446744073709551616", "65", "1e9"};
    const char* text = kTexts[below(std::size(kTexts))];
    x.insert(x.begin() + static_cast<std::ptrdiff_t>(at), text, text + std::strlen(text));
  }

  std::mt19937_64 random_;
  const std::vector<Input>& corpus_;
};

Input read(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return Input(std::istreambuf_iterator<char>(file), {});
}

}  // namespace

int main(int argc, char** argv) {
  using Clock = std::chrono::steady_clock;
  double seconds = 10;
  long long runs = -1;
  auto seed = static_cast<unsigned long long>(Clock::now().time_since_epoch().count());
  std::vector<std::filesystem::path> paths;
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    if (name.rfind("--", 0) != 0) paths.emplace_back(name);
    else if (i + 1 == argc) return std::fprintf(stderr, "fuzz: %s needs a number\n", name.c_str()), 2;
    else if (name == "--seconds") seconds = std::atof(argv[++i]);
    else if (name == "--runs") runs = std::atoll(argv[++i]);
    else if (name == "--seed") seed = std::strtoull(argv[++i], nullptr, 10);
    else return std::fprintf(stderr, "fuzz: unknown option %s\n", name.c_str()), 2;
  }
  g_left = "crash-" + std::filesystem::path(argv[0]).filename().string();
  for (const int number : {SIGABRT, SIGALRM, SIGBUS, SIGFPE, SIGILL}) std::signal(number, on_signal);
  if (__sanitizer_set_death_callback) __sanitizer_set_death_callback(leave_input);
  else std::signal(SIGSEGV, on_signal);

  std::vector<std::filesystem::path> files;
  for (const auto& path : paths) {
    if (!std::filesystem::is_directory(path)) files.push_back(path);
    else
      for (const auto& entry : std::filesystem::directory_iterator(path)) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());  // folders have no order
  std::vector<Input> corpus;
  for (const auto& file : files) corpus.push_back(read(file));
  std::printf("fuzz: %zu files, seed %llu\n", corpus.size(), seed);
  std::fflush(stdout);
  for (const Input& input : corpus) run(input);
  if (corpus.empty()) corpus.emplace_back();

  Mutator mutator(seed, corpus);
  const auto end = Clock::now() + std::chrono::duration<double>(seconds);
  long long done = 0;
  for (; runs >= 0 ? done < runs : done % 64 != 0 || Clock::now() < end; ++done) run(mutator.next());
  std::printf("fuzz: %lld inputs\n", done);
  return 0;
}
