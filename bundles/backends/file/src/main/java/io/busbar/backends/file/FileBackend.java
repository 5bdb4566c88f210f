package io.busbar.backends.file;

import io.busbar.api.backend.BackendContext;
import io.busbar.api.backend.BackendException;
import io.busbar.api.backend.BackendException.Kind;
import io.busbar.api.backend.BackendType;
import io.busbar.api.backend.BlockBackend;
import io.busbar.api.backend.BlockBatch;
import io.busbar.api.backend.BlockInfo;
import io.busbar.api.backend.BlockRequest;
import io.busbar.api.backend.ResizableBackend;
import io.busbar.api.backend.RevocableBackend;
import io.busbar.api.backend.YieldingBackend;
import io.busbar.core.linux.Errno;
import io.busbar.core.linux.LinuxException;

/** A disk in a file or on a block device. */
@BackendType(type = BackendType.BLOCK, name = "file", settings = "path FILE [size SIZE] [io buffered|direct|mapped]")
public final class FileBackend implements BlockBackend, ResizableBackend, RevocableBackend, YieldingBackend {

    private static final int PHYSICAL_BLOCK = 4096;

    private final BackendContext context;
    private final Image image;
    private final Transfers transfers;
    private final Space space;
    private final boolean holes;
    private volatile BlockInfo info;

    /**
     * Opens and locks the file. With {@code size} a file that is not there, or empty, is made that large, sparse; one that
     * is there must have that size.
     *
     * @param context the surroundings
     * @throws BackendException if it cannot be opened, is used by somebody else, or has a size that no disk has
     */
    public FileBackend(BackendContext context) throws BackendException {
        this.context = context;
        IoMode io = IoMode.of(context.settings().choice("io", IoMode.words()));
        this.image = Image.open(context, io);
        this.space = new Space(image.file(), context);
        try {
            this.transfers = transfers(io);
        } catch (LinuxException e) {
            image.putBack();
            image.file().close();
            throw new BackendException(Kind.FAILED, "file " + image.path() + ": " + e.getMessage(), e);
        }
        this.holes = !context.readOnly() && hasHoles();
        this.info = info(image.size());
    }

    private Transfers transfers(IoMode io) throws LinuxException {
        return switch (io) {
            case BUFFERED -> new BufferedTransfers(image.file().fd(), space);
            case DIRECT -> new DirectTransfers(image.file(), image.alignment(), space);
            case MAPPED -> new MappedTransfers(image.file(), image.size(), space);
        };
    }

    /** Asks by a hole behind the end of the file, where there is nothing to lose; a device says it at the first use. */
    private boolean hasHoles() {
        return image.isDevice() || image.file().punchHole(image.size(), PHYSICAL_BLOCK) != -Errno.EOPNOTSUPP;
    }

    private BlockInfo info(long capacity) {
        boolean writable = !context.readOnly();
        int transfer = image.alignment() == null
                ? BlockInfo.SECTOR
                : Math.max(BlockInfo.SECTOR, image.alignment().offsetBytes());
        return new BlockInfo(capacity, !writable, writable, holes, writable,
                Math.max(PHYSICAL_BLOCK, transfer), transfer);
    }

    @Override
    public BlockInfo info() {
        return info;
    }

    @Override
    public void submit(BlockBatch batch) {
        int size = batch.size();
        for (int i = 0; i < size; i++) {
            BlockRequest request = batch.get(i);
            switch (request.operation()) {
                case READ -> transfers.read(request);
                case WRITE -> transfers.write(request);
                case FLUSH, DISCARD, WRITE_ZEROES -> request.onIoThread(space.task(request));
            }
        }
    }

    @Override
    public void resize(long capacity) throws BackendException {
        int unit = info.transferAlign();
        if (capacity <= 0 || capacity % unit != 0) {
            throw new BackendException(Kind.CONFIG_INVALID,
                    "size of " + capacity + " bytes: expected a multiple of " + unit);
        }
        if (image.isDevice()) {
            throw new BackendException(Kind.CONFIG_INVALID,
                    image.path() + " is a block device: its size cannot be changed here");
        }
        if (context.readOnly()) {
            throw new BackendException(Kind.PERMISSION,
                    "file " + image.path() + " is open for reading: its size cannot be changed");
        }
        if (capacity < info.capacity()) {
            shrink(capacity);
        } else {
            grow(capacity);
        }
        context.infoChanged();
    }

    /** New requests are kept from the end before it goes. */
    private void shrink(long capacity) throws BackendException {
        BlockInfo before = info;
        info = info(capacity);
        int result = image.file().truncate(capacity);
        if (result < 0) {
            info = before;
            throw notResized(capacity, result);
        }
    }

    private void grow(long capacity) throws BackendException {
        long before = info.capacity();
        int result = image.file().truncate(capacity);
        if (result < 0) {
            throw notResized(capacity, result);
        }
        try {
            transfers.prepare(capacity);
        } catch (LinuxException e) {
            image.file().truncate(before);
            throw new BackendException(Kind.FAILED, "file " + image.path() + ": " + e.getMessage(), e);
        }
        info = info(capacity);
    }

    private BackendException notResized(long capacity, int result) {
        Kind kind = switch (-result) {
            case Errno.ENOSPC, Errno.EDQUOT, Errno.EFBIG -> Kind.NO_SPACE;
            case Errno.EPERM, Errno.EACCES -> Kind.PERMISSION;
            default -> Kind.FAILED;
        };
        return new BackendException(kind, "file " + image.path() + " cannot have " + capacity + " bytes: "
                + Errno.text(result) + " (" + Errno.name(result) + ")");
    }

    /** Two openings of one file see each other's writes, whether they go through the page cache or past it. */
    @Override
    public void yieldStorage() throws BackendException {
        image.unlock();
    }

    @Override
    public void reclaimStorage() throws BackendException {
        image.lockAgain(context.readOnly());
    }

    @Override
    public void revoke() {
        image.putBack();
        close();
    }

    @Override
    public void close() {
        transfers.close();
        image.file().close();
    }
}
