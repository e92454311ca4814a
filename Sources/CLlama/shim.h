#pragma once
#include <llama.h>
#include <gguf.h>
