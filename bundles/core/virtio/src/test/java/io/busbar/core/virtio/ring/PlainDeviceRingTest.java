package io.busbar.core.virtio.ring;

class PlainDeviceRingTest extends DeviceRingContract {

    @Override
    DeviceRing make(DeviceRingConfig config, Regions regions) {
        return Rings.plainDevice(config, regions);
    }
}
