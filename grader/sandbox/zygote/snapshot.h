// The memory of a zygote as its forks get it.
#pragma once

namespace farm::sandbox {

// Puts private mappings of one sealed file in the place of this process's private memory, with the
// same content at the same addresses; only the main stack stays what it is. A fork then copies no
// page table of what nobody has written since, and unmaps none as it ends. Nothing that happens in
// a fork reaches the file. Where the kernel refuses something, that memory stays as it was.
// `proc_fd` is any /proc that shows this process. Precondition: single-threaded. Source: fork(2)
// copies no page tables of file mappings without pages of their own (vma_needs_copy() in
// mm/memory.c).
void settle_memory(int proc_fd);

}  // namespace farm::sandbox
