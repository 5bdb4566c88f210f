package io.busbar.tools.upgrade;

import io.busbar.api.vdpa.AddRequest;
import io.busbar.api.vdpa.Handover;
import io.busbar.api.vdpa.HandoverBus;
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
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What is in records, of version {@link RecordChannel#VERSION}: another order, or another value, is another version. */
final class Records {

    private Records() {}

    private interface Writing {
        void to(DataOutputStream out) throws IOException;
    }

    private interface Reading<T> {
        T from(DataInputStream in) throws IOException;
    }

    private static byte[] write(Writing content) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (DataOutputStream out = new DataOutputStream(bytes)) {
            content.to(out);
            return bytes.toByteArray();
        } catch (IOException impossible) {
            throw new UncheckedIOException(impossible);
        }
    }

    private static <T> T read(byte[] content, Reading<T> reading) throws VdpaException {
        try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(content))) {
            T read = reading.from(in);
            if (in.available() > 0) {
                throw RecordChannel.wrong("a record has " + in.available() + " bytes too many");
            }
            return read;
        } catch (EOFException cut) {
            throw RecordChannel.wrong("a record ends after " + content.length + " bytes: expected more");
        } catch (IOException | IllegalArgumentException malformed) {
            throw RecordChannel.wrong("a record cannot be read: " + malformed.getMessage());
        }
    }

    static byte[] text(String sentence) {
        return write(out -> out.writeUTF(sentence));
    }

    static String text(byte[] content) throws VdpaException {
        return read(content, in -> in.readUTF());
    }

    static byte[] refusal(VdpaException why) {
        return write(out -> {
            out.writeUTF(why.error().name());
            out.writeUTF(why.reason().name());
            out.writeUTF(why.getMessage());
        });
    }

    static VdpaException refusal(byte[] content) throws VdpaException {
        return read(content, in -> new VdpaException(
                VdpaError.valueOf(in.readUTF()), Reason.valueOf(in.readUTF()), in.readUTF(), null));
    }

    /** Writes places; the descriptors of what devices have prepared go beside them, in the same order. */
    static byte[] places(List<HandoverBus.Place> places) {
        return write(out -> {
            out.writeInt(places.size());
            for (HandoverBus.Place place : places) {
                out.writeUTF(place.request().name());
                out.writeInt(place.request().attributes().size());
                for (Map.Entry<String, String> word : place.request().attributes().entrySet()) {
                    out.writeUTF(word.getKey());
                    out.writeUTF(word.getValue());
                }
                out.writeUTF(place.managementDevice());
                out.writeUTF(place.override().orElse(""));
                out.writeBoolean(place.persistent());
                out.writeBoolean(place.present().isPresent());
                if (place.present().isPresent()) {
                    write(out, place.present().get());
                }
            }
        });
    }

    private static void write(DataOutputStream out, HandoverBus.Present present) throws IOException {
        out.writeUTF(present.busDriver());
        out.writeBoolean(present.prepared().isPresent());
        if (present.prepared().isPresent()) {
            write(out, present.prepared().get());
        }
    }

    static List<Integer> descriptors(List<HandoverBus.Place> places) {
        return places.stream()
                .flatMap(place -> place.present().stream())
                .flatMap(present -> present.prepared().stream())
                .flatMap(prepared -> prepared.descriptors().stream())
                .toList();
    }

    static List<HandoverBus.Place> places(byte[] content, List<Integer> descriptors) throws VdpaException {
        return read(content, in -> {
            int[] taken = new int[1];
            List<HandoverBus.Place> places = new ArrayList<>();
            for (int left = in.readInt(); left > 0; left--) {
                places.add(place(in, descriptors, taken));
            }
            return places;
        });
    }

    private static HandoverBus.Place place(DataInputStream in, List<Integer> descriptors, int[] taken) throws IOException {
        String name = in.readUTF();
        Map<String, String> words = new LinkedHashMap<>();
        for (int left = in.readInt(); left > 0; left--) {
            words.put(in.readUTF(), in.readUTF());
        }
        return new HandoverBus.Place(new AddRequest(name, words), in.readUTF(),
                Optional.of(in.readUTF()).filter(word -> !word.isEmpty()), in.readBoolean(),
                in.readBoolean() ? Optional.of(present(in, descriptors, taken)) : Optional.empty());
    }

    private static HandoverBus.Present present(DataInputStream in, List<Integer> descriptors, int[] taken) throws IOException {
        return new HandoverBus.Present(
                in.readUTF(), in.readBoolean() ? Optional.of(part(in, descriptors, taken)) : Optional.empty());
    }

    /** Writes what one device hands over; its descriptors go beside it, those of the binding first. */
    static byte[] stopped(HandoverBus.Stopped device) {
        return write(out -> {
            out.writeUTF(device.name());
            out.writeUTF(device.busDriver());
            write(out, device.binding());
            write(out, device.device());
        });
    }

    private static void write(DataOutputStream out, Handover part) throws IOException {
        out.writeUTF(part.format());
        out.writeInt(part.version());
        out.writeInt(part.descriptors().size());
        out.writeInt(part.content().length);
        out.write(part.content());
    }

    static List<Integer> descriptors(HandoverBus.Stopped device) {
        List<Integer> all = new ArrayList<>(device.binding().descriptors());
        all.addAll(device.device().descriptors());
        return all;
    }

    static HandoverBus.Stopped stopped(byte[] content, List<Integer> descriptors) throws VdpaException {
        return read(content, in -> {
            int[] taken = new int[1];
            String name = in.readUTF();
            String driver = in.readUTF();
            return new HandoverBus.Stopped(
                    name, driver, part(in, descriptors, taken), part(in, descriptors, taken));
        });
    }

    private static Handover part(DataInputStream in, List<Integer> descriptors, int[] taken) throws IOException {
        String format = in.readUTF();
        int version = in.readInt();
        int first = taken[0];
        taken[0] += in.readInt();
        if (taken[0] < first || taken[0] > descriptors.size()) {
            throw new IOException("it tells of " + taken[0] + " descriptors: expected " + descriptors.size());
        }
        int length = in.readInt();
        if (length < 0 || length > in.available()) {
            throw new EOFException();
        }
        return new Handover(format, version, in.readNBytes(length), descriptors.subList(first, taken[0]));
    }
}
