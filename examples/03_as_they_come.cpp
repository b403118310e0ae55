// Shows: results as they come, with the input read only a little ahead, and a progress line.
// Run:    build/dev/bin/example_03_as_they_come
// Prints: all 40 files counted, 780 lines

#include <troupe/troupe.hpp>

#include <cstdio>
#include <numeric>
#include <vector>

// Stands for reading file number `n`.
long lines_of(int n) {
  return n;
}

int main(int argc, char** argv) {
  troupe::init(argc, argv);
  troupe::pool pool{{.replicas = 3}};
  std::vector<int> files(40); // Any range does, also one that is read only once.
  std::iota(files.begin(), files.end(), 0);
  int done = 0;
  long lines = 0;
  pool.for_each_completed(lines_of, files,
                          [&](std::size_t, long count) {
                            lines += count;
                            std::fprintf(stderr, "\r%3d %%",
                                         ++done * 100 / static_cast<int>(files.size()));
                          },
                          {.chunk = 1, .look_ahead = 6});
  std::fputc('\n', stderr);
  std::printf("all %d files counted, %ld lines\n", done, lines);
}
