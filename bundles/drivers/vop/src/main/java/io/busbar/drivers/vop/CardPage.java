package io.busbar.drivers.vop;

import io.busbar.api.vop.LinkWindow;
import io.busbar.core.virtio.vop.BootParam;
import io.busbar.core.virtio.vop.DevicePage;
import java.lang.foreign.MemorySegment;

/** The host's device page, from the card. */
final class CardPage implements AutoCloseable {

    private final LinkWindow window;

    CardPage(LinkWindow window) {
        this.window = window;
    }

    /**
     * Reads the whole page, once.
     *
     * @throws IllegalArgumentException if it is none: the message says what is wrong
     */
    DevicePage read() {
        byte[] bytes = new byte[DevicePage.BYTES];
        window.copyTo(0, MemorySegment.ofArray(bytes), 0, bytes.length);
        return DevicePage.decode(bytes);
    }

    /** Tells the host which doorbell says that the page has changed; -1 for none. */
    void configDb(int doorbell) {
        window.putByte(BootParam.CONFIG_DB, doorbell);
    }

    /** Takes an entry, which is known by this handle from now on. */
    PageEntry take(DevicePage.Slot slot, long handle) {
        PageEntry entry = new PageEntry(window, slot, handle);
        entry.mark();
        return entry;
    }

    @Override
    public void close() {
        window.close();
    }
}
