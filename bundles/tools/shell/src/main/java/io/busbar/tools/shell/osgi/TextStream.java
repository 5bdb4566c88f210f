package io.busbar.tools.shell.osgi;

import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;

/** Bytes in, text out: decodes UTF-8 as it comes, and hands it on at the end of a line and at a flush. */
final class TextStream extends OutputStream {

    private static final int BYTES = 4096;

    private final Consumer<String> sink;
    private final ByteBuffer bytes = ByteBuffer.allocate(BYTES);
    private final CharsetDecoder decoder = StandardCharsets.UTF_8.newDecoder()
            .onMalformedInput(CodingErrorAction.REPLACE)
            .onUnmappableCharacter(CodingErrorAction.REPLACE);

    TextStream(Consumer<String> sink) {
        this.sink = sink;
    }

    @Override
    public synchronized void write(int value) {
        bytes.put((byte) value);
        if (value == '\n' || !bytes.hasRemaining()) {
            flush();
        }
    }

    @Override
    public synchronized void flush() {
        CharBuffer chars = CharBuffer.allocate(BYTES);
        // The first bytes of a character that is not complete stay.
        decoder.decode(bytes.flip(), chars, false);
        bytes.compact();
        if (chars.position() > 0) {
            sink.accept(chars.flip().toString());
        }
    }
}
