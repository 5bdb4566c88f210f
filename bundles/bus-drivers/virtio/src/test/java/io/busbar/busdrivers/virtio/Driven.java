package io.busbar.busdrivers.virtio;

import io.busbar.api.vdpa.VdpaException;
import io.busbar.busdrivers.virtio.block.DiskSettings;
import io.busbar.busdrivers.virtio.block.VirtioDisk;
import io.busbar.busdrivers.virtio.life.DeviceLife;
import io.busbar.testkit.vdpa.FakeDisk;
import java.util.Random;

/** A fake disk with its driver. */
public record Driven(FakeDisk device, DeviceLife life, VirtioDisk disk) implements AutoCloseable {

    /** Small, so that short transfers are several requests already. */
    public static final int REQUEST_BYTES = 4096;
    /** Few, so that some wait. */
    public static final int REQUESTS = 4;

    /** Begins to drive a device. */
    public static Driven begin(FakeDisk device) throws VdpaException {
        DeviceLife life = new DeviceLife(device);
        VirtioDisk disk = new VirtioDisk("disk0", "host", life.lane(), new DiskSettings(REQUESTS, REQUEST_BYTES));
        life.begin(disk);
        return new Driven(device, life, disk);
    }

    /** Bytes that look like no others. */
    public static byte[] random(int length, long seed) {
        byte[] bytes = new byte[length];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }

    @Override
    public void close() {
        life.end("the test is over");
        device.close();
    }
}
