package io.busbar.busdrivers.vop;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;

/** Chains of buffers of any length at any place, of which the device writes a part. */
final class RandomChains {

    private static final byte UNTOUCHED = (byte) 0xa5;

    private final ScriptedDriver driver;
    private final ScriptedCard card;
    private final EchoDevice echo;
    private final Random random;

    RandomChains(ScriptedDriver driver, EchoDevice echo, long seed) {
        this.driver = driver;
        this.card = driver.card;
        this.echo = echo;
        random = new Random(seed);
    }

    /** One chain of random buffers: all around them must stay as it is. */
    void exchange() {
        card.forgetAllocations();
        int out = random.nextInt(5);
        int in = out == 0 ? 1 + random.nextInt(4) : random.nextInt(5);
        long[] places = new long[out + in];
        int[] lengths = new int[out + in];
        for (int i = 0; i < places.length; i++) {
            lengths[i] = 1 + random.nextInt(random.nextBoolean() ? 200 : 20_000);
            places[i] = card.allocate(lengths[i], random.nextInt(64));
        }
        long end = card.allocate(64, 0) + 64;
        MemorySegment memory = card.memory.segment().asSlice(0, end);
        memory.fill(UNTOUCHED);
        byte[] sent = new byte[IntStream.of(lengths).limit(out).sum()];
        random.nextBytes(sent);
        for (int i = 0, at = 0; i < out; at += lengths[i++]) {
            driver.write(places[i], Arrays.copyOfRange(sent, at, at + lengths[i]));
        }
        byte[] expected = memory.toArray(ValueLayout.JAVA_BYTE);
        int room = IntStream.of(lengths).skip(out).sum();
        int written = room == 0 ? 0 : random.nextInt(room + 1);
        byte[] pattern = EchoDevice.pattern(written);
        for (int i = out, at = 0; i < places.length && at < written; i++) {
            int count = Math.min(lengths[i], written - at);
            System.arraycopy(pattern, at, expected, (int) places[i], count);
            at += count;
        }
        echo.write(written);
        echo.received().clear();

        assertThat(driver.rings[0].add(Arrays.stream(places).map(driver::address).toArray(), lengths, out, in, 7)).isZero();
        driver.kick(0);
        assertThat(driver.awaitUsed(0)).isEqualTo(7);

        assertThat(driver.rings[0].usedLength()).isEqualTo(written);
        assertThat(echo.received()).singleElement().isEqualTo(sent);
        assertThat(Arrays.mismatch(memory.toArray(ValueLayout.JAVA_BYTE), expected)).isEqualTo(-1);
    }
}
