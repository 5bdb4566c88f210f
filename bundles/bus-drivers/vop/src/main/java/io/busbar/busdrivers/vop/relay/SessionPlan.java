package io.busbar.busdrivers.vop.relay;

import io.busbar.api.vop.VopHardwareOps;

/**
 * What a session is made from.
 *
 * @param card         name
 * @param link         the host's end of the link
 * @param queues       of the device
 * @param size         entries of each
 * @param cardFeatures that the card's driver has accepted
 * @param features     that the device was given
 * @param queueBytes   for requests of each queue
 * @param dmaThreshold from how many bytes on a buffer is written by DMA
 * @param wake         called on any thread when there is something to do
 */
public record SessionPlan(String card, VopHardwareOps link, int queues, int size, long cardFeatures, long features,
        int queueBytes, int dmaThreshold, Runnable wake) {}
