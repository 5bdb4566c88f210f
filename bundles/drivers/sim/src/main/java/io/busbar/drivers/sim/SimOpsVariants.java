package io.busbar.drivers.sim;

import io.busbar.api.memory.DriverMemory;
import io.busbar.api.memory.MemoryRegion;
import io.busbar.api.vdpa.ConsoleAccess;
import io.busbar.api.vdpa.ConsolePort;
import io.busbar.api.vdpa.ConsoleViewer;
import io.busbar.api.vdpa.DmaDomain;
import io.busbar.api.vdpa.IncrementalIommu;
import io.busbar.api.vdpa.LinkControl;
import io.busbar.api.vdpa.OnChipIommu;
import io.busbar.api.vdpa.PlatformDma;
import io.busbar.api.vdpa.ResizableCapacity;
import io.busbar.api.vdpa.VdpaError;
import io.busbar.api.vdpa.VdpaException;
import java.util.ArrayList;
import java.util.List;

/**
 * The ops by what they translate and what they do beyond: an ability is an interface, so each combination is a class.
 */
final class SimOpsVariants {

    private SimOpsVariants() {}

    /** What a device of some type does beyond the config ops. */
    enum Extra {
        /** Nothing. */
        NONE,
        /** It changes its capacity. */
        CAPACITY,
        /** Its link goes down and up. */
        LINK,
        /** It is looked at, and typed at. */
        CONSOLE
    }

    /**
     * Makes the ops of a device.
     *
     * @param device what the device is made of
     * @param dma    which translation they show
     * @param extra  what they show beyond
     */
    static SimOps of(SimDevice.Inside device, DmaKind dma, Extra extra) {
        return switch (extra) {
            case NONE -> switch (dma) {
                case DEVICE -> new OnChip(device);
                case PLATFORM -> new Platform(device);
                case INCREMENTAL -> new Incremental(device);
            };
            case CAPACITY -> switch (dma) {
                case DEVICE -> new ResizableOnChip(device);
                case PLATFORM -> new ResizablePlatform(device);
                case INCREMENTAL -> new ResizableIncremental(device);
            };
            case LINK -> switch (dma) {
                case DEVICE -> new LinkedOnChip(device);
                case PLATFORM -> new LinkedPlatform(device);
                case INCREMENTAL -> new LinkedIncremental(device);
            };
            case CONSOLE -> switch (dma) {
                case DEVICE -> new ConsoleOnChip(device);
                case PLATFORM -> new ConsolePlatform(device);
                case INCREMENTAL -> new ConsoleIncremental(device);
            };
        };
    }

    private static class OnChip extends SimOps implements OnChipIommu {

        OnChip(SimDevice.Inside device) {
            super(device);
        }

        @Override
        public void setMap(int asid, DriverMemory memory) throws VdpaException {
            checkAsid(asid);
            setMemory(memory);
        }
    }

    private static class Platform extends SimOps implements PlatformDma {

        Platform(SimDevice.Inside device) {
            super(device);
        }

        @Override
        public void attachDomain(DmaDomain domain) {
            domain.onChange(this::setMemory);
        }
    }

    /** Keeps its own table of ranges, of which it has room for as many as Linux's simulator by default. */
    private static class Incremental extends SimOps implements IncrementalIommu {

        private static final int MAX_RANGES = 2048;

        private List<MemoryRegion> ranges = List.of();

        Incremental(SimDevice.Inside device) {
            super(device);
        }

        @Override
        public synchronized void dmaMap(int asid, MemoryRegion region) throws VdpaException {
            checkAsid(asid);
            if (ranges.size() == MAX_RANGES) {
                throw new VdpaException(VdpaError.ENOSPC, "the table of " + MAX_RANGES + " ranges is full");
            }
            List<MemoryRegion> next = new ArrayList<>(ranges);
            next.add(region);
            use(next, table(next));
        }

        private static DriverMemory table(List<MemoryRegion> ranges) throws VdpaException {
            try {
                return DriverMemory.of(ranges);
            } catch (IllegalArgumentException overlap) {
                throw new VdpaException(VdpaError.EEXIST, overlap.getMessage());
            }
        }

        @Override
        public synchronized void dmaUnmap(int asid, long iova, long size) throws VdpaException {
            checkAsid(asid);
            List<MemoryRegion> next = new ArrayList<>(ranges);
            if (!next.removeIf(range -> range.iova() == iova && range.size() == size)) {
                throw new VdpaException(VdpaError.ENOENT, "no range of 0x" + Long.toHexString(size)
                        + " bytes is mapped at 0x" + Long.toHexString(iova));
            }
            use(next, table(next));
        }

        private void use(List<MemoryRegion> next, DriverMemory memory) throws VdpaException {
            setMemory(memory);
            ranges = next;
        }
    }

    private static final class ResizableOnChip extends OnChip implements ResizableCapacity {

        ResizableOnChip(SimDevice.Inside device) {
            super(device);
        }

        @Override
        public void resize(long bytes) throws VdpaException {
            resizeBackend(bytes);
        }
    }

    private static final class ResizablePlatform extends Platform implements ResizableCapacity {

        ResizablePlatform(SimDevice.Inside device) {
            super(device);
        }

        @Override
        public void resize(long bytes) throws VdpaException {
            resizeBackend(bytes);
        }
    }

    private static final class ResizableIncremental extends Incremental implements ResizableCapacity {

        ResizableIncremental(SimDevice.Inside device) {
            super(device);
        }

        @Override
        public void resize(long bytes) throws VdpaException {
            resizeBackend(bytes);
        }
    }

    private static final class LinkedOnChip extends OnChip implements LinkControl {

        LinkedOnChip(SimDevice.Inside device) {
            super(device);
        }

        @Override
        public void setLink(boolean up) throws VdpaException {
            setLinkOfModel(up);
        }
    }

    private static final class LinkedPlatform extends Platform implements LinkControl {

        LinkedPlatform(SimDevice.Inside device) {
            super(device);
        }

        @Override
        public void setLink(boolean up) throws VdpaException {
            setLinkOfModel(up);
        }
    }

    private static final class LinkedIncremental extends Incremental implements LinkControl {

        LinkedIncremental(SimDevice.Inside device) {
            super(device);
        }

        @Override
        public void setLink(boolean up) throws VdpaException {
            setLinkOfModel(up);
        }
    }

    private static final class ConsoleOnChip extends OnChip implements ConsoleAccess {

        ConsoleOnChip(SimDevice.Inside device) {
            super(device);
        }

        @Override
        public List<ConsolePort> consolePorts() throws VdpaException {
            return console().consolePorts();
        }

        @Override
        public ConsoleViewer view(int port, ConsoleViewer.Mode mode, String who) throws VdpaException {
            return viewConsole(port, mode, who);
        }
    }

    private static final class ConsolePlatform extends Platform implements ConsoleAccess {

        ConsolePlatform(SimDevice.Inside device) {
            super(device);
        }

        @Override
        public List<ConsolePort> consolePorts() throws VdpaException {
            return console().consolePorts();
        }

        @Override
        public ConsoleViewer view(int port, ConsoleViewer.Mode mode, String who) throws VdpaException {
            return viewConsole(port, mode, who);
        }
    }

    private static final class ConsoleIncremental extends Incremental implements ConsoleAccess {

        ConsoleIncremental(SimDevice.Inside device) {
            super(device);
        }

        @Override
        public List<ConsolePort> consolePorts() throws VdpaException {
            return console().consolePorts();
        }

        @Override
        public ConsoleViewer view(int port, ConsoleViewer.Mode mode, String who) throws VdpaException {
            return viewConsole(port, mode, who);
        }
    }

    private static void checkAsid(int asid) throws VdpaException {
        if (asid != 0) {
            throw new VdpaException(VdpaError.EINVAL, "address space " + asid + ": expected 0, there is no other");
        }
    }
}
