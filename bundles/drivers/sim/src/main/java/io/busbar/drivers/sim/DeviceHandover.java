package io.busbar.drivers.sim;

import io.busbar.api.device.ModelState;
import io.busbar.api.vdpa.Handover;
import io.busbar.api.vdpa.Reason;
import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * What a software device hands over to its successor in another process, beside features and queues, which the bus driver tells it.
 *
 * @param configWrites what the driver wrote to the configuration, by offset
 * @param linkDown     whether the link was taken down by command
 * @param statistics   what each queue has counted
 * @param swaps        what swaps there were
 * @param model        what the device model hands over, if it does
 * @param generation   of the configuration
 * @param broken       what the driver did that needs a reset; empty if nothing
 */
record DeviceHandover(
        Map<Integer, byte[]> configWrites,
        boolean linkDown,
        Map<Integer, Map<String, Long>> statistics,
        SwapCounts swaps,
        Optional<ModelState> model,
        int generation,
        String broken) {

    /** Of the record. Another order, or another value, is another version. */
    static final int VERSION = 2;
    static final String FORMAT = "software device";

    private static final int MOST_ENTRIES = 1 << 16;

    Handover toRecord() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (DataOutputStream out = new DataOutputStream(bytes)) {
            out.writeInt(configWrites.size());
            for (Map.Entry<Integer, byte[]> write : configWrites.entrySet()) {
                out.writeInt(write.getKey());
                write(out, write.getValue());
            }
            out.writeBoolean(linkDown);
            out.writeInt(statistics.size());
            for (Map.Entry<Integer, Map<String, Long>> queue : statistics.entrySet()) {
                out.writeInt(queue.getKey());
                out.writeInt(queue.getValue().size());
                for (Map.Entry<String, Long> counter : queue.getValue().entrySet()) {
                    out.writeUTF(counter.getKey());
                    out.writeLong(counter.getValue());
                }
            }
            swaps.write(out);
            out.writeBoolean(model.isPresent());
            if (model.isPresent()) {
                out.writeUTF(model.get().format());
                out.writeInt(model.get().version());
                write(out, model.get().content());
            }
            out.writeInt(generation);
            out.writeUTF(broken);
        } catch (IOException impossible) {
            throw new UncheckedIOException(impossible);
        }
        return new Handover(FORMAT, VERSION, bytes.toByteArray(), List.of());
    }

    private static void write(DataOutputStream out, byte[] value) throws IOException {
        out.writeInt(value.length);
        out.write(value);
    }

    /**
     * Reads a record.
     *
     * @throws VdpaException EINVAL for another format or version, or if it makes no sense
     */
    static DeviceHandover of(Handover record) throws VdpaException {
        record.require(FORMAT, VERSION);
        try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(record.content()))) {
            DeviceHandover read = read(in);
            if (in.available() > 0) {
                throw wrong(record, in.available() + " bytes too many");
            }
            return read;
        } catch (EOFException cut) {
            throw wrong(record, "expected more bytes");
        } catch (IOException malformed) {
            throw wrong(record, malformed.getMessage());
        }
    }

    private static VdpaException wrong(Handover record, String why) {
        return new VdpaException(VdpaError.EINVAL, Reason.STATE_UNKNOWN, record + " cannot be read: " + why, null);
    }

    private static DeviceHandover read(DataInputStream in) throws IOException {
        Map<Integer, byte[]> configWrites = new LinkedHashMap<>();
        for (int left = count(in); left > 0; left--) {
            configWrites.put(in.readInt(), bytes(in));
        }
        boolean linkDown = in.readBoolean();
        Map<Integer, Map<String, Long>> statistics = new TreeMap<>();
        for (int left = count(in); left > 0; left--) {
            statistics.put(in.readInt(), counters(in));
        }
        SwapCounts swaps = SwapCounts.read(in);
        Optional<ModelState> model = in.readBoolean()
                ? Optional.of(new ModelState(in.readUTF(), in.readInt(), bytes(in)))
                : Optional.empty();
        return new DeviceHandover(configWrites, linkDown, statistics, swaps, model, in.readInt(), in.readUTF());
    }

    private static Map<String, Long> counters(DataInputStream in) throws IOException {
        Map<String, Long> counters = new LinkedHashMap<>();
        for (int left = count(in); left > 0; left--) {
            counters.put(in.readUTF(), in.readLong());
        }
        return counters;
    }

    private static int count(DataInputStream in) throws IOException {
        int count = in.readInt();
        if (count < 0 || count > MOST_ENTRIES) {
            throw new IOException("a count of " + count + ": expected 0 to " + MOST_ENTRIES);
        }
        return count;
    }

    private static byte[] bytes(DataInputStream in) throws IOException {
        int length = in.readInt();
        if (length < 0 || length > in.available()) {
            throw new EOFException();
        }
        return in.readNBytes(length);
    }
}
