package io.busbar.backends.file;

import io.busbar.api.backend.BlockBatch;
import io.busbar.api.backend.BlockOperation;
import io.busbar.api.backend.BlockRequest;
import io.busbar.api.backend.BlockStatus;
import io.busbar.api.backend.BlockTask;
import io.busbar.testkit.TestBackendContext;
import io.busbar.testkit.TestPayload;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;

/**
 * Reads a mapped file as fast as it can while somebody cuts it short, again and again, each time with a new file. A read
 * that ends well must have the file's data at that moment, each byte of it 0x11, and no fault may show afterwards: nothing
 * lies between the backend's completion and the look at the data. Ends with status 0 if all was well, and prints how many
 * reads failed.
 */
final class ReadWhileTheFileIsCut {

    private static final int SIZE = 1 << 20;
    private static final int LENGTH = 4096;
    private static final long PATTERN = 0x1111_1111_1111_1111L;
    private static final int WARM = 20_000;

    private final Read read = new Read();

    private ReadWhileTheFileIsCut() {
    }

    public static void main(String[] arguments) throws Exception {
        ReadWhileTheFileIsCut reader = new ReadWhileTheFileIsCut();
        int rounds = Integer.parseInt(arguments[0]);
        int warm = arguments.length > 1 ? Integer.parseInt(arguments[1]) : WARM;
        for (int round = 0; round < rounds; round++) {
            reader.readAndCut(warm);
        }
        Read read = reader.read;
        System.out.println("rounds " + rounds + " failed " + read.failed + " garbage " + read.garbage + " late " + read.late);
        System.exit(read.garbage + read.late == 0 && read.failed > 0 ? 0 : 1);
    }

    private void readAndCut(int warm) throws Exception {
        Path file = Files.write(Files.createTempFile("cut", ".disk"), ImageFile.bytes(SIZE, 0x11));
        try (FileBackend disk = new FileBackend(TestBackendContext.of("path", file.toString(), "io", "mapped"))) {
            CountDownLatch isWarm = new CountDownLatch(1);
            Thread cutter = new Thread(() -> {
                try {
                    isWarm.await();
                    ImageFile.truncate(file, 0);
                } catch (Exception e) {
                    throw new IllegalStateException(e);
                }
            });
            cutter.start();
            for (int i = 0; i < warm; i++) {
                read.from(disk, i);
            }
            isWarm.countDown();
            long bad = read.bad() + 200;
            for (int i = 0; read.bad() < bad; i++) {
                read.from(disk, i);
            }
            cutter.join();
        } finally {
            Files.delete(file);
        }
    }

    /** One read, used again and again, with nothing of its own between the backend and the look at the data. */
    private static final class Read implements BlockRequest, BlockBatch {

        private final MemorySegment buffer = Arena.ofAuto().allocate(LENGTH);
        private final TestPayload payload = TestPayload.over(buffer);
        private long offset;
        private boolean ended;
        private long failed;
        private long garbage;
        private long late;

        void from(FileBackend disk, int number) {
            buffer.fill((byte) 0xEE);
            payload.rewind();
            offset = (long) (number % (SIZE / LENGTH)) * LENGTH;
            ended = false;
            try {
                disk.submit(this);
            } catch (InternalError fault) {
                late++;
                if (!ended) {
                    throw fault;
                }
            }
        }

        long bad() {
            return failed + garbage + late;
        }

        @Override
        public void complete(BlockStatus status) {
            ended = true;
            if (status != BlockStatus.OK) {
                failed++;
            } else if (buffer.get(ValueLayout.JAVA_LONG, 0) != PATTERN
                    || buffer.get(ValueLayout.JAVA_LONG, LENGTH - Long.BYTES) != PATTERN) {
                garbage++;
            }
        }

        @Override
        public int size() {
            return 1;
        }

        @Override
        public BlockRequest get(int index) {
            return this;
        }

        @Override
        public BlockOperation operation() {
            return BlockOperation.READ;
        }

        @Override
        public long offset() {
            return offset;
        }

        @Override
        public long length() {
            return LENGTH;
        }

        @Override
        public boolean durable() {
            return false;
        }

        @Override
        public boolean mayUnmap() {
            return false;
        }

        @Override
        public TestPayload payload() {
            return payload;
        }

        @Override
        public void onIoThread(BlockTask task) {
            throw new IllegalStateException("a short read needs no other thread");
        }
    }
}
