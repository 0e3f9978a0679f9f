/* model_file.c - see model_file.h. */
#include "model_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

static const char *map(const model_file_kind *kind, int fd, mr_bytes *out)
{
	struct stat st;
	if (fstat(fd, &st))
		return strerror(errno);
	if (!S_ISREG(st.st_mode) || st.st_size < MODEL_FILE_HEAD)
		return kind->foreign;
	if (st.st_size > (off_t)kind->most_bytes)
		return kind->too_large;
	void *base = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
	if (base == MAP_FAILED)
		return strerror(errno);
	*out = (mr_bytes){base, (size_t)st.st_size};
	return NULL;
}

const char *model_file_map(const model_file_kind *kind, const char *path, mr_bytes *out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return strerror(errno);
	const char *wrong = map(kind, fd, out);
	close(fd);
	return wrong;
}

void model_file_unmap(mr_bytes file)
{
	munmap((void *)(uintptr_t)file.data, file.len);
}

const char *model_file_check(const model_file_kind *kind, mr_bytes file, reader *in, model_file_head *out)
{
	mr_bytes magic = read_bytes(in, sizeof kind->magic);
	if (!magic.data || memcmp(magic.data, kind->magic, sizeof kind->magic) != 0)
		return kind->foreign;
	uint32_t version = read_u32(in);
	out->tables_at = read_u32(in);
	uint64_t bytes = read_u64(in);
	out->fingerprint = read_u64(in);
	if (in->bad)
		return "cut short";
	if (version != kind->version)
		return "another version of the format: train it again";
	if (bytes != file.len)
		return "damaged: its length is not the one it was written with";
	if (XXH3_64bits(file.data + MODEL_FILE_CHECKED, file.len - MODEL_FILE_CHECKED) != out->fingerprint)
		return "damaged: its checksum does not fit";
	return NULL;
}
