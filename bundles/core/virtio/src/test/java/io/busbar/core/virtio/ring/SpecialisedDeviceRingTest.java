package io.busbar.core.virtio.ring;

class SpecialisedDeviceRingTest extends DeviceRingContract {

    @Override
    DeviceRing make(DeviceRingConfig config, Regions regions) {
        return Rings.device(config, regions);
    }
}
