#pragma once

#include <sys/types.h>

namespace tidemark {

// Has the system end this process as soon as its parent is gone, in the midst of native work too, when JavaScript cannot
// notice. Ends it at once where the parent has gone already. Throws where the system refuses.
void end_with_parent(pid_t parent);

} // namespace tidemark
