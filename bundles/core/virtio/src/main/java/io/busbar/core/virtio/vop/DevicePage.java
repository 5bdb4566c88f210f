package io.busbar.core.virtio.vop;

import java.util.ArrayList;
import java.util.List;

/**
 * A device page as a whole: {@link BootParam}, then entries until one of type {@link DeviceDesc#END}. It is read once, as a copy;
 * whoever wrote it is not trusted.
 *
 * @param boot    its beginning
 * @param entries in order, those that were removed too
 */
public record DevicePage(BootParam boot, List<Slot> entries) {

    /** Bytes of a page. */
    public static final int BYTES = 4096;

    /**
     * An entry and where it is.
     *
     * @param offset in the page
     * @param entry  the entry
     */
    public record Slot(int offset, DeviceEntry entry) {

        /** Returns where the next one begins. */
        public int end() {
            return offset + DeviceEntry.totalBytes(entry.desc());
        }

        /** Returns whether there is a device. */
        public boolean live() {
            return entry.desc().type() > 0;
        }
    }

    /** Copies the list. */
    public DevicePage {
        entries = List.copyOf(entries);
    }

    /**
     * Reads a page.
     *
     * @param page {@link #BYTES}
     * @throws IllegalArgumentException if it has another magic number, or an entry does not end within it: the message says where
     */
    public static DevicePage decode(byte[] page) {
        if (page.length != BYTES) {
            throw new IllegalArgumentException("device page of " + page.length + " bytes: expected " + BYTES);
        }
        BootParam boot = BootParam.decode(page);
        if (boot.magic() != BootParam.MAGIC) {
            throw new IllegalArgumentException("device page with the magic number 0x" + Integer.toHexString(boot.magic())
                    + ": expected 0x" + Integer.toHexString(BootParam.MAGIC));
        }
        List<Slot> slots = new ArrayList<>();
        int offset = BootParam.BYTES;
        while (offset + DeviceDesc.BYTES <= BYTES) {
            DeviceDesc desc = DeviceDesc.decode(page, offset);
            if (desc.type() == DeviceDesc.END) {
                break;
            }
            if (offset + DeviceEntry.totalBytes(desc) > BYTES) {
                throw new IllegalArgumentException("entry at " + offset + " of a device page has "
                        + DeviceEntry.totalBytes(desc) + " bytes: expected up to " + (BYTES - offset));
            }
            Slot slot = new Slot(offset, DeviceEntry.decode(page, offset));
            slots.add(slot);
            offset = slot.end();
        }
        return new DevicePage(boot, slots);
    }
}
