package io.busbar.tools.shell.vdpa;

import io.busbar.core.virtio.VirtioIds;
import java.util.Set;
import java.util.TreeSet;

/** Virtio device ids as the tool prints them; the console is ours. */
final class ClassNames {

    private ClassNames() {
    }

    /** In {@code supported_classes}. */
    static String ofClass(int deviceId) {
        return switch (deviceId) {
            case VirtioIds.VIRTIO_ID_NET -> "net";
            case VirtioIds.VIRTIO_ID_BLOCK -> "block";
            case VirtioIds.VIRTIO_ID_CONSOLE -> "console";
            default -> "< unknown class >";
        };
    }

    /** After {@code type}. */
    static String ofDevice(int deviceId) {
        return switch (deviceId) {
            case VirtioIds.VIRTIO_ID_NET -> "network";
            case VirtioIds.VIRTIO_ID_BLOCK -> "block";
            case VirtioIds.VIRTIO_ID_CONSOLE -> "console";
            default -> "<unknown type>";
        };
    }

    /** The class whose feature names are used for a management device: the lowest. */
    static int forFeatures(Set<Integer> classes) {
        return classes.isEmpty() ? 0 : new TreeSet<>(classes).first();
    }
}
