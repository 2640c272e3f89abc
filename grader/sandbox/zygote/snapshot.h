// The memory of a zygote as its forks get it.
#pragma once

namespace farm::sandbox {

// Puts private mappings of one sealed file in the place of this process's heap and of the data of
// its libraries, with the same content at the same addresses. A fork then copies no page table of
// what nobody has written since, and unmaps none as it ends. Other memory stays what it is: an
// allocator that gives it back by MADV_DONTNEED would find the file's content there, not zeroes
// (malloc(3) does so with none of its heap that it takes for zeroes afterwards). Nothing that
// happens in a fork reaches the file. Where the kernel refuses something, that memory stays as it
// was. `proc_fd` is any /proc that shows this process. Precondition: single-threaded. Source:
// fork(2) copies no page tables of file mappings without pages of their own (vma_needs_copy() in
// mm/memory.c).
void settle_memory(int proc_fd);

}  // namespace farm::sandbox
